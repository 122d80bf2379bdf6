\set at random({from}, {to})
SELECT json_agg(json_build_object('id', c.id, 'name', c.name, 'country', c.country,
    'employeeCount', c.employee_count, 'contacts', k.contacts))
FROM (
    SELECT id, name, country, employee_count FROM companies
    WHERE workspace_id = {workspace} AND created_at < to_timestamp(:at / 1000.0) AND deleted_at IS NULL
    ORDER BY created_at DESC, id DESC LIMIT 20
) AS c
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('id', k.id, 'fullName', k.full_name, 'jobTitle', k.job_title,
        'lifecycle', k.lifecycle, 'deals', d.deals)) AS contacts
    FROM (
        SELECT id, full_name, job_title, lifecycle FROM contacts
        WHERE workspace_id = {workspace} AND deleted_at IS NULL AND id IN (
            SELECT contact_id FROM affiliations
            WHERE workspace_id = {workspace} AND company_id = c.id AND deleted_at IS NULL)
        ORDER BY created_at DESC, id DESC LIMIT 5
    ) AS k
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object('id', d.id, 'name', d.name, 'status', d.status,
            'amount', json_build_object('amount', d.amount, 'currency', d.amount_currency))) AS deals
        FROM (
            SELECT id, name, status, amount, amount_currency FROM deals
            WHERE workspace_id = {workspace} AND contact_id = k.id AND deleted_at IS NULL
            ORDER BY created_at DESC, id DESC LIMIT 3
        ) AS d
    ) AS d
) AS k;
