-- Where the fields of a record are in the payloads of each channel. It is data: what
-- live_setup writes to channel_record and channel_field, users may change.

CREATE FUNCTION live_mapping()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	RETURN $mapping$
#generic
-stream|streams
+stream|stream,stream_id
+host|host,host_id
+host_name|host_name
+title|title
+start_ts|start,start_ts
+end_ts|end,end_ts
+updated_ts|updated
-product|products
+product|product,product_id
+name|name
+category|category
+cost|cost
+stream|stream,stream_id
+pos|pos
+listed_at|listed
+delisted_at|delisted
+price|price
+explain_from|explain_from
+explain_to|explain_to
-event|events
+event_id|id,event_id
+stream|stream,stream_id
+viewer|viewer,viewer_id
+type|type
+ts|ts
+product|product,product_id
+source|source
+qty|qty
+amount|amount
-total|totals
+stream|stream,stream_id
+viewer|viewer,viewer_id
+captured_at|captured
+watch_s|watch_s
+comments|comments
+likes|likes
+shares|shares
-order|orders
+order_id|order,order_id
+viewer|viewer,viewer_id
+stream|stream,stream_id
+created_ts|created
+paid_ts|paid
+status|status
+goods_amt|goods_amt
+discount_platform|discount_platform
+discount_host|discount_host
+freight|freight
+paid_amt|paid_amt
+currency|currency
+attributed_by|attributed_by
+updated_ts|updated
+items|items
-item|
+product|product,product_id
+sku|sku
+qty|qty
+price|price
+paid_amt|paid_amt
+is_gift|gift
-refund|refunds
+refund|refund,refund_id
+order_id|order,order_id
+apply_ts|applied
+success_ts|refunded
+amount|amount
+currency|currency
+stage|stage
+updated_ts|updated
-promotion|promotions
+promotion|promotion,promo_id
+kind|kind
+name|name
+start_ts|start
+end_ts|end
+budget|budget
-exposure|exposures
+promotion|promotion,promo_id
+viewer|viewer,viewer_id
+arm|arm
+ts|ts
-coupon|coupons
+coupon|coupon,coupon_id
+promotion|promotion,promo_id
+viewer|viewer,viewer_id
+claimed_ts|claimed
+used_ts|used
+order_id|order,order_id
+value|value
+updated_ts|updated
-ad|ads
+plan|plan,plan_id
+hour|hour
+scope|scope
+stream|stream,stream_id
+cost|cost
+impressions|impressions
+clicks|clicks
+attributed_orders|orders
+attributed_gmv|gmv
+updated_ts|updated
-snapshot|snapshots
+stream|stream,stream_id
+captured_at|captured
+metric|metric
+value|value
#wechat
-stream|lives
+stream|export_id
+host|finder_id,finder_username
+host_name|nickname
+title|description
+start_ts|start_time
+end_ts|end_time
+updated_ts|stat_time
+=likes_cnt|total_cheer_count
+=comments_cnt|total_comment_count
+=shares_cnt|forward_count
+=pcu|max_online_count
+=avg_watch_per_viewer|audiences_avg_seconds
+=gmv_pay|pay_gmv|0.01
+=enter_urate|enter_rate|0.0001
-product|products
+product|product_id
+name|title
+price|sale_price|0.01
+stream|export_id
-event|events
+event_id|msg_id
+stream|export_id
+viewer|openid,user_id
+type|event||{"join": "enter", "quit": "leave", "cheer": "like", "forward": "share", "subscribe": "follow", "unsubscribe": "unfollow", "product_expose": "product_show", "add_to_cart": "add_cart", "receive_coupon": "coupon_claim"}
+ts|create_time
+product|product_id
+source|scene
+qty|count
+amount|gift_value|0.01
-total|users
+stream|export_id
+viewer|openid,user_id
+captured_at|stat_time
+watch_s|watch_seconds,watch_time
+comments|comment_count,comments
+likes|cheer_count,likes
+shares|forward_count,shares
-order|orders
+order_id|order_id
+viewer|openid
+stream|export_id
+created_ts|create_time
+paid_ts|order_detail.pay_info.pay_time,pay_time
+status|status
+goods_amt|order_detail.price_info.product_price|0.01
+discount_platform|order_detail.price_info.finder_discounted_price|0.01
+discount_host|order_detail.price_info.discounted_price|0.01
+freight|order_detail.price_info.freight|0.01
+paid_amt|order_detail.price_info.order_price,order_price|0.01
+updated_ts|update_time
+items|order_detail.product_infos,product_infos
-item|
+product|product_id
+sku|sku_id
+qty|sku_cnt
+price|sale_price|0.01
+paid_amt|real_price|0.01
-refund|aftersales
+refund|after_sale_order_id
+order_id|order_id
+apply_ts|create_time
+success_ts|complete_time
+amount|refund_info.amount|0.01
+updated_ts|update_time
#weibo
-stream|lives
+stream|idstr,mid
+host|user.idstr
+host_name|user.screen_name
+title|title
+start_ts|created_at
+end_ts|ended_at
+=likes_cnt|attitudes_count
+=comments_cnt|comments_count
+=shares_cnt|reposts_count
-event|comments|{"type": "comment"}
-event|attitudes|{"type": "like"}
-event|reposts|{"type": "share"}
-event|events
+event_id|idstr,mid
+stream|status.idstr,live_id
+viewer|user.idstr,uid
+type|type
+ts|created_at
-total|users
+stream|live_id
+viewer|uid,user_id
+captured_at|captured_at
+comments|comments_count,comments
+likes|attitudes_count,likes
+shares|reposts_count,shares
#douyin
-stream|rooms
+stream|room_id
+host|anchor_id
+host_name|anchor_name
+title|title
+start_ts|start_time
+end_ts|finish_time
+updated_ts|stat_time
+=likes_cnt|like_cnt_td
+=comments_cnt|live_comment_count
+=shares_cnt|live_share_count
+=pcu|max_online
+=gmv_pay|pay_amt
-product|products
+product|product_id
+name|product_name
+category|category
+stream|room_id
+listed_at|product_bind_time
+delisted_at|product_down_time
+price|price
-event|events
+event_id|msg_id
+stream|room_id
+viewer|sec_openid,user_id
+type|msg_type||{"live_like": "like", "live_comment": "comment", "live_share": "share", "live_gift": "gift", "live_fansclub": "fanclub_join", "live_enter": "enter", "live_leave": "leave", "live_follow": "follow", "live_show": "expose_room", "product_exposure": "product_show", "cart_add": "add_cart"}
+ts|timestamp,create_time
+product|product_id
+source|first_flow_category||{"0": "natural", "1": "paid", "2": "short_video", "3": "follow"}
+qty|like_num,count
+amount|gift_value|0.01
-total|users
+stream|room_id
+viewer|sec_openid,user_id
+captured_at|stat_time
+watch_s|watch_duration,watch_time
+comments|comment_cnt,comments
+likes|like_cnt,likes
+shares|share_cnt,shares
-order|orders
+order_id|order_id
+viewer|sec_openid,user_id
+stream|room_id
+created_ts|create_time
+paid_ts|pay_time
+status|order_status
+goods_amt|order_amount|0.01
+discount_platform|promotion_platform_amount|0.01
+discount_host|promotion_shop_amount|0.01
+freight|post_amount|0.01
+paid_amt|pay_amount|0.01
+updated_ts|update_time
+items|sku_order_list
-item|
+product|product_id
+sku|sku_id
+qty|item_num
+price|goods_price|0.01
+paid_amt|pay_amount|0.01
-refund|refunds
+refund|aftersale_id
+order_id|order_id
+apply_ts|apply_time
+success_ts|refund_time
+amount|refund_amount|0.01
+updated_ts|update_time
-ad|reports
+plan|ad_id
+hour|stat_time_hour
+stream|room_id
+cost|cost
+impressions|show
+clicks|click
+attributed_orders|pay_order_count
+attributed_gmv|pay_order_amount
$mapping$;
END
$live$;
COMMENT ON FUNCTION live_mapping() IS
'where the fields of a record are in the payloads of each channel, as live_setup writes it to channel_record and channel_field';

CREATE FUNCTION live_build_mapping(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_line text;
	v_channel smallint;
	v_record text;
	v_part text[];
	v_path text[];
	v_pos int;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- "channel"; "record list defaults"; "+field path,path scale dictionary",
	-- a path with dots between its keys
	FOREACH v_line IN ARRAY string_to_array(btrim(live_mapping(), E'\n'), E'\n') LOOP
		v_part := string_to_array(substr(v_line, 2), '|');
		CASE left(v_line, 1)
		WHEN '#' THEN
			-- a mapping that is there may have been changed, and stays
			SELECT c.channel_id INTO v_channel FROM channel c
			WHERE c.code = v_part[1] AND NOT EXISTS (SELECT FROM channel_record r WHERE r.channel_id = c.channel_id);
		WHEN '-' THEN
			v_record := v_part[1];
			IF v_channel IS NOT NULL AND v_part[2] <> '' THEN
				INSERT INTO channel_record VALUES (v_channel, v_record, string_to_array(v_part[2], '.'), coalesce(nullif(v_part[3], ''), '{}')::jsonb);
			END IF;
		WHEN '+' THEN
			IF v_channel IS NOT NULL THEN
				FOR v_path, v_pos IN SELECT string_to_array(p, '.'), i FROM string_to_table(v_part[2], ',') WITH ORDINALITY AS a (p, i) LOOP
					INSERT INTO channel_field VALUES (v_channel, v_record, v_part[1], v_pos, v_path,
						coalesce(nullif(v_part[3], ''), '1')::numeric, nullif(v_part[4], '')::jsonb);
				END LOOP;
			END IF;
		END CASE;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_build_mapping(name) IS
'fills the field mapping of each channel that has none';
