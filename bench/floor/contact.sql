\set n random(0, {contacts} - 1)
SELECT {columns} FROM contacts
WHERE workspace_id = {workspace} AND id = ('018f0000-0000-7000-8000-' || (100000000000 + :n))::uuid
    AND deleted_at IS NULL;
