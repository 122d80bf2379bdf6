-- The statements that read rows of several workspaces at once. This list only gets shorter.
-- A runner looks for the job whose turn it is.
SELECT "job"."workspace_id", "job"."job_id" FROM "job_queue" AS "job" LEFT JOIN "job_turns" AS "turn" ON "turn"."workspace_id" = "job"."workspace_id" WHERE ("job"."locked_until" IS NULL OR "job"."locked_until" <= $1) AND "job"."kind" IN ($2) ORDER BY (SELECT count(*) FROM "job_queue" AS "running" WHERE "running"."workspace_id" = "job"."workspace_id" AND "running"."locked_until" > $3 AND "running"."lease" IS NOT NULL) ASC, COALESCE("turn"."served_at", $4) ASC, "job"."queued_at" ASC LIMIT 1
-- A runner asks whether a job of another workspace has waited long enough to be next.
SELECT 1 FROM "job_queue" AS "job" WHERE ("job"."locked_until" IS NULL OR "job"."locked_until" <= $1) AND "job"."kind" IN ($2) AND (SELECT count(*) FROM "job_queue" AS "running" WHERE "running"."workspace_id" = "job"."workspace_id" AND "running"."locked_until" > $3 AND "running"."lease" IS NOT NULL) < (SELECT count(*) FROM "job_queue" AS "running" WHERE "running"."workspace_id" = $4 AND "running"."locked_until" > $5 AND "running"."lease" IS NOT NULL) LIMIT 1
-- The sweeper looks for uploads that were never finished.
SELECT "file_uploads"."workspace_id", "file_uploads"."file_id", "file_uploads"."begun_at" FROM "file_uploads" WHERE "file_uploads"."begun_at" < $1
-- The sweeper goes through the workspaces, one by one.
SELECT "a"."workspace_id" FROM "access_epochs" AS "a"
