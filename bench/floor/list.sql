SELECT {columns} FROM contacts
WHERE workspace_id = {workspace} AND country_folded = 'de' AND lifecycle = 'CUSTOMER' AND deleted_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT 51;
