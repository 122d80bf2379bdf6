\set k :k + 1
\set n {base} + :client_id * 1000000 + :k
BEGIN;
INSERT INTO contacts (workspace_id, id, given_name, given_name_folded, family_name, family_name_folded, full_name,
    full_name_folded, emails, lifecycle, country, country_folded, owner_id, version, created_at, updated_at,
    created_by_id, updated_by_id)
VALUES ({workspace}, ('018f0000-0000-7000-8000-' || :n)::uuid, 'Ada', 'ada', 'Bench ' || :n, 'bench ' || :n,
    'Ada Bench ' || :n, 'ada bench ' || :n,
    '[{"address":"ada.' || :n || '@bench.example","primary": true,"type":"WORK"}]', 'LEAD', 'DE', 'de', {owner},
    1, date_trunc('milliseconds', now()), date_trunc('milliseconds', now()), {owner}, {owner});
INSERT INTO contact_emails (workspace_id, record_id, position, address, address_folded, type, "primary")
VALUES ({workspace}, ('018f0000-0000-7000-8000-' || :n)::uuid, 0, 'ada.' || :n || '@bench.example',
    'ada.' || :n || '@bench.example', 'WORK', true);
INSERT INTO counters (workspace_id, name, value, at)
VALUES ({workspace}, 'seq', 1, date_trunc('milliseconds', now()))
ON CONFLICT (workspace_id, name) DO UPDATE SET value = counters.value + 1, at = greatest(counters.at, EXCLUDED.at)
RETURNING value AS seq \gset
INSERT INTO events (workspace_id, seq, id, type_folded, type, object, object_folded, record_id, record_id_folded,
    op, version, occurred_at, actor_id, origin, request_id, request_id_folded, owner_id, owner_before_id,
    credential_id, cause_seq, depth, data, changed_fields, changes)
VALUES ({workspace}, :seq, ('018f0000-0000-7000-8000-' || :n)::uuid, 'contact.created', 'contact.created',
    'contact', 'contact', 'contact_01hw000000e008' || :n, 'contact_01hw000000e008' || :n, 'CREATE', 1,
    date_trunc('milliseconds', now()), {owner}, 'API', 'request_01hw000000e008' || :n,
    'request_01hw000000e008' || :n, {owner}, NULL, {owner}, NULL, 0,
    '{"updatedAt":"2026-11-26T20.45.53.628Z","givenName":"Ada","familyName":"Bench ' || :n ||
    '","fullName":"Ada Bench ' || :n || '","emails":[{"address":"ada.' || :n ||
    '@bench.example","primary": true,"type":"WORK"}],"lifecycle":"LEAD","country":"DE",' ||
    '"ownerId":"user_01hw000000e008003g00000000"}', '[]', '{}');
COMMIT;
