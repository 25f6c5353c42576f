-- Included by the examples first: a schema of their own, and how they print.
-- An earlier run's schema is dropped.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset pager off
\pset footer off
\pset null '-'
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS liveanalytics_example CASCADE;
CREATE SCHEMA liveanalytics_example;
SELECT set_config('search_path', 'liveanalytics_example, ' || current_setting('search_path'), false) AS path \gset

-- what to do for each segment of the audience (examples/segments.sql prints it)
CREATE TABLE strategy (segment int PRIMARY KEY, content_strategy text NOT NULL, "内容策略" text NOT NULL);
INSERT INTO strategy VALUES
  (1, 'simple content that needs no effort: raise watch time', '简单、易操作的内容，提高观看时长'),
  (2, 'content that invites a reply: raise interactions', '互动性更强的内容，提升互动次数'),
  (3, 'deep interaction: make them come back', '深度互动内容，增强用户粘性'),
  (4, 'exclusive events and privileges: raise loyalty', '专属活动、特权优惠，增强用户忠诚度');

-- a row as each step begins; examples/end.sql turns them into durations
CREATE TABLE step (n int GENERATED ALWAYS AS IDENTITY, name text NOT NULL, began timestamptz DEFAULT clock_timestamp());
