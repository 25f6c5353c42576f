
-- Interaction scores ---------------------------------------------------------

CREATE FUNCTION interaction_score(comments bigint, likes bigint, shares bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'interaction_score'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION interaction_score(bigint, bigint, bigint) IS
'interactions of a viewer: comments + likes + shares; a missing count is 0, a negative one an error';

CREATE FUNCTION interaction_score(comments bigint, likes bigint, shares bigint,
  comment_weight float8, like_weight float8, share_weight float8)
RETURNS float8
AS 'MODULE_PATHNAME', 'interaction_score_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION interaction_score(bigint, bigint, bigint, float8, float8, float8) IS
'weighted interactions of a viewer; a missing count is 0, a NULL weight gives NULL, a negative count is an error';
