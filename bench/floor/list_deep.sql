SELECT {columns} FROM contacts
WHERE workspace_id = {workspace} AND country_folded = 'de' AND lifecycle = 'CUSTOMER' AND deleted_at IS NULL
    AND (created_at, id) < ({after_at}, {after_id})
ORDER BY created_at DESC, id DESC LIMIT 51;
