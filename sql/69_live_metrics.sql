-- The dictionary of metrics, which the comments of the views' columns come from too.

CREATE FUNCTION live_metrics()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- metric, Chinese, English, formula, numerator, denominator, basis, unit, additive
	RETURN $metrics$
impressions_cnt|曝光次数|impressions|number of expose_room events|||cnt|1|t
impressions_ucnt|曝光人数|people reached|distinct viewers with an expose_room event|||ucnt|1|f
views_cnt|观看人次|views|number of enter events|||cnt|1|t
viewers_ucnt|观看人数|viewers|distinct viewers with an enter event or a reported watch time above 0|||ucnt|1|f
enter_rate|曝光-进入率(次数)|entries per impression|views_cnt / impressions_cnt|views_cnt|impressions_cnt|cnt|ratio|f
enter_urate|曝光-进入率(人数)|share of people reached who entered|viewers_ucnt / impressions_ucnt|viewers_ucnt|impressions_ucnt|ucnt|ratio|f
watch_s|观看时长|seconds watched|sum over viewers of the length of the union of their visits, within the stream|||time|s|t
avg_watch_per_viewer|人均观看时长|watch time per viewer|watch_s / viewers_ucnt|watch_s|viewers_ucnt|ucnt|s|f
avg_watch_per_view|次均观看时长|watch time per view|watch_s / views_cnt|watch_s|views_cnt|cnt|s|f
acu|平均在线人数|average concurrent viewers|seconds of presence / seconds of the stream|presence_s|duration_s|time|1|f
pcu|最高在线人数|peak concurrent viewers|largest number of viewers present at once; leaving comes before entering at equal times|||ucnt|1|f
online_avg|平均在线(分钟)|average concurrent viewers of the minute|seconds of presence in the minute / 60|||time|1|f
online_peak|最高在线(分钟)|peak concurrent viewers of the minute|largest number of viewers present at once in the minute|||ucnt|1|f
stay_60s_ucnt|超1分钟观看人数|viewers for a minute or more|viewers with watch_s of 60 or more|||ucnt|1|f
stay_60s_rate|超1分钟观看率|share of viewers for a minute or more|stay_60s_ucnt / viewers_ucnt|stay_60s_ucnt|viewers_ucnt|ucnt|ratio|f
bounce_ucnt|跳出人数|viewers who left at once|viewers with watch_s below 3|||ucnt|1|f
bounce_rate|跳出率|share of viewers who left at once|bounce_ucnt / viewers_ucnt|bounce_ucnt|viewers_ucnt|ucnt|ratio|f
comments_cnt|评论次数|comments|sum of qty of comment events, and reported totals|||cnt|1|t
likes_cnt|点赞次数|likes|sum of qty of like events, and reported totals|||cnt|1|t
shares_cnt|分享次数|shares|sum of qty of share events, and reported totals|||cnt|1|t
interactions_cnt|互动次数|interactions|comments_cnt + likes_cnt + shares_cnt, a missing count being 0|||cnt|1|t
interact_ucnt|互动人数|viewers who interacted|distinct viewers with a comment, like or share, among viewers_ucnt|||ucnt|1|f
engage_urate|互动率(人数)|share of viewers who interacted|interact_ucnt / viewers_ucnt|interact_ucnt|viewers_ucnt|ucnt|ratio|f
interactions_per_view|互动率(次数)|interactions per view|interactions_cnt / views_cnt|interactions_cnt|views_cnt|cnt|ratio|f
comments_per_view|评论率(次数)|comments per view|comments_cnt / views_cnt|comments_cnt|views_cnt|cnt|ratio|f
comment_urate|评论率(人数)|share of viewers who commented|comment_ucnt / viewers_ucnt|comment_ucnt|viewers_ucnt|ucnt|ratio|f
like_urate|点赞率(人数)|share of viewers who liked|like_ucnt / viewers_ucnt|like_ucnt|viewers_ucnt|ucnt|ratio|f
share_urate|分享率(人数)|share of viewers who shared|share_ucnt / viewers_ucnt|share_ucnt|viewers_ucnt|ucnt|ratio|f
new_followers|净增粉丝|net new followers|follows_cnt - unfollows_cnt|||cnt|1|t
follows_cnt|新增粉丝|follows|number of follow events|||cnt|1|t
follow_urate_all|转粉率(全部观众)|followers won per viewer|follow_ucnt / viewers_ucnt, whether a viewer followed before or not|follow_ucnt|viewers_ucnt|ucnt|ratio|f
fanclub_urate|加团率|share of viewers who joined the fan club|fanclub_ucnt / viewers_ucnt|fanclub_ucnt|viewers_ucnt|ucnt|ratio|f
product_show_ucnt|商品曝光人数|people shown a product|distinct viewers with a product_show event|||ucnt|1|f
product_click_ucnt|商品点击人数|people who clicked a product|distinct viewers with a product_click event|||ucnt|1|f
pay_ucnt|成交人数|buyers|distinct viewers with a paid order attributed to the stream|||ucnt|1|f
show_urate|观看-商品曝光率|share of viewers shown a product|product_show_ucnt / viewers_ucnt|product_show_ucnt|viewers_ucnt|ucnt|ratio|f
ctr_u|商品曝光-点击率(人数)|click-through rate of people|product_click_ucnt / product_show_ucnt|product_click_ucnt|product_show_ucnt|ucnt|ratio|f
ctr_c|商品曝光-点击率(次数)|click-through rate of impressions|product_click_cnt / product_show_cnt|product_click_cnt|product_show_cnt|cnt|ratio|f
cvr_u|点击-成交转化率(人数)|conversion of people who clicked|pay_ucnt / product_click_ucnt; buyers who did not click count, so it may exceed 1|pay_ucnt|product_click_ucnt|ucnt|ratio|f
cvr_c|点击-成交转化率(次数)|orders per click|pay_order_cnt / product_click_cnt|pay_order_cnt|product_click_cnt|cnt|ratio|f
view_buy_urate|观看-成交率|share of viewers who bought|pay_ucnt / viewers_ucnt|pay_ucnt|viewers_ucnt|ucnt|ratio|f
order_ucnt|下单人数|people who ordered|distinct viewers with an order attributed to the stream, paid or not|||ucnt|1|f
order_pay_urate|下单-支付率|share of people who ordered and paid|pay_ucnt / order_ucnt|pay_ucnt|order_ucnt|ucnt|ratio|f
pay_order_cnt|成交订单数|paid orders|number of paid orders attributed to the stream|||cnt|1|t
units|成交件数|units sold|sum of qty of the items of paid orders, gifts left out|||cnt|1|t
gmv_pay|成交金额|gross sales|sum of paid_amt of paid orders attributed to the stream, by pay time, refunds left in|||amount|currency|t
refund_pay_amt|退款金额(按支付时间)|refunds of the orders|refunds made so far of the orders in gmv_pay|||amount|currency|t
refund_time_amt|退款金额(按退款时间)|refunds made|refunds made in the period, whenever the order was paid|||amount|currency|t
gmv_net|净成交金额|net sales|gmv_pay - refund_pay_amt, as known at data_as_of|||amount|currency|t
refund_rate_pay|退款率(按支付时间)|refund rate of the orders|refund_pay_amt / gmv_pay|refund_pay_amt|gmv_pay|amount|ratio|f
refund_rate_time|退款率(按退款时间)|refund rate of the period|refund_time_amt / gmv_pay|refund_time_amt|gmv_pay|amount|ratio|f
aov_user|客单价|sales per buyer|gmv_pay / pay_ucnt|gmv_pay|pay_ucnt|ucnt|currency|f
aov_order|笔单价|sales per order|gmv_pay / pay_order_cnt|gmv_pay|pay_order_cnt|cnt|currency|f
aov_unit|件单价|sales per unit|gmv_pay / units|gmv_pay|units|cnt|currency|f
units_per_order|连带率|units per order|units / pay_order_cnt|units|pay_order_cnt|cnt|ratio|f
gpm_views|千次观看成交额|sales per 1,000 views|gmv_pay / views_cnt * 1000|gmv_pay|views_cnt|cnt|currency|f
gpm_viewers|千人观看成交额|sales per 1,000 viewers|gmv_pay / viewers_ucnt * 1000|gmv_pay|viewers_ucnt|ucnt|currency|f
gpm_show|商品千次曝光成交额|sales per 1,000 product impressions|gmv_pay / product_show_cnt * 1000|gmv_pay|product_show_cnt|cnt|currency|f
explain_order_rate|讲解时段千人分钟成交订单数|orders per 1,000 viewer-minutes while explained|orders with the product paid in explained minutes / minutes of presence in them * 1000; explained are the minutes in which an explanation, or setting.explain_lag after it, lies|explain_order_cnt|explain_presence_s / 60|cnt|1|f
other_order_rate|非讲解时段千人分钟成交订单数|orders per 1,000 viewer-minutes while not explained|the same of the other minutes of the stream in which the product was listed|other_order_cnt|other_presence_s / 60|cnt|1|f
explain_lift|讲解转化提升|lift of an explanation|explain_order_rate / other_order_rate: how many times as likely a viewer buys while the product is explained|explain_order_rate|other_order_rate|cnt|ratio|f
explain_cvr_c|讲解时段点击-成交转化率(次数)|orders per click while explained|explain_order_cnt / explain_click_cnt|explain_order_cnt|explain_click_cnt|cnt|ratio|f
other_cvr_c|非讲解时段点击-成交转化率(次数)|orders per click while not explained|other_order_cnt / other_click_cnt|other_order_cnt|other_click_cnt|cnt|ratio|f
uv_value|UV价值|sales per viewer|gmv_pay / viewers_ucnt|gmv_pay|viewers_ucnt|ucnt|currency|f
opm|分钟订单数|orders per minute|pay_order_cnt / minutes of the stream|pay_order_cnt|duration_s / 60|cnt|1|f
ad_cost|消耗|advertising cost|sum of ad_spend.cost of scope promoted|||amount|currency|t
roi|整体ROI|return on advertising|gmv_pay / ad_cost|gmv_pay|ad_cost|amount|ratio|f
roi_net|净ROI|net return on advertising|gmv_net / ad_cost|gmv_net|ad_cost|amount|ratio|f
roi_attributed|投放ROI|return that the platform attributes|attributed_gmv / ad_cost|attributed_gmv|ad_cost|amount|ratio|f
cpa_order|订单CPA|cost per attributed order|ad_cost / attributed_orders|ad_cost|attributed_orders|cnt|currency|f
credit_orders|归因订单数|orders credited|sum over paid orders of the share that the model gives to the touch|||cnt|1|t
credit_gmv|归因成交金额|sales credited|sum over paid orders of paid_amt times the share that the model gives to the touch|||amount|currency|t
roas|归因ROAS|return on advertising by attribution|credit_gmv / ad_cost|credit_gmv|ad_cost|amount|ratio|f
cpm|千次展示成本|cost per 1,000 impressions|ad_cost / ad_impressions * 1000|ad_cost|ad_impressions|cnt|currency|f
cpc|点击成本|cost per click|ad_cost / ad_clicks|ad_cost|ad_clicks|cnt|currency|f
ad_ctr|投放点击率|clicks per impression|ad_clicks / ad_impressions|ad_clicks|ad_impressions|cnt|ratio|f
cac|获客成本|cost per new buyer|ad_cost / new_buyers_ucnt, a new buyer being one whose first paid order lies in the period|ad_cost|new_buyers_ucnt|ucnt|currency|f
cohort_cac|同期获客成本|acquisition cost of a cohort|ad_cost of the channel in the month / buyers whose first paid order lies in it|ad_cost|cohort_ucnt|ucnt|currency|f
ltv_cac|LTV:CAC|lifetime value per acquisition cost|ltv_hist / cohort_cac|gmv_net|ad_cost|amount|ratio|f
redeem_rate|核销率|share of coupons used|coupons used / coupons claimed|used_cnt|claimed_cnt|cnt|ratio|f
raw_effect|活动原始差异|raw difference of a promotion|share of treated viewers who bought - share of control viewers who bought, after assignment and until the end|||ucnt|ratio|f
day_n_retention|N日留存率|retention on day N|viewers of the cohort who watched on exactly day N / viewers of the cohort; NULL until that day is over|retained_ucnt|cohort_ucnt|ucnt|ratio|f
ltv_hist|历史LTV|historical lifetime value|net sales in the first n days since the first paid order / buyers of the cohort; NULL until all of them had n days|gmv_net|cohort_ucnt|ucnt|currency|f
r_score|RFM最近购买分|recency score|fifth of all buyers by the day of the last paid order, 5 the latest; equal ones are never split|||ucnt|1|f
f_score|RFM购买频次分|frequency score|fifth of all buyers by the number of paid orders, 5 the most; equal ones are never split|||ucnt|1|f
m_score|RFM购买金额分|monetary score|fifth of all buyers by the value of paid orders less refunds, 5 the most; equal ones are never split|||ucnt|1|f
purchase_score|购买概率|probability of a purchase|what the current model says of the probability that the viewer pays an order within the days that the model looks ahead|||ucnt|ratio|f
return_score|回访概率|probability of a return|what the current model says of the probability that the viewer watches again within the days that the model looks ahead|||ucnt|ratio|f
accuracy|准确率|accuracy|viewers held out whose outcome the model tells right, a probability of one half or more meaning yes / viewers held out|true_positive + true_negative|test_rows|ucnt|ratio|f
majority_accuracy|多数类准确率|accuracy of always giving the more frequent answer|the larger of test_positive and test_rows - test_positive / test_rows|greatest(test_positive, test_rows - test_positive)|test_rows|ucnt|ratio|f
precision_urate|精确率|precision|true_positive / (true_positive + false_positive)|true_positive|true_positive + false_positive|ucnt|ratio|f
recall_urate|召回率|recall|true_positive / test_positive|true_positive|test_positive|ucnt|ratio|f
roc_auc|ROC曲线下面积|area under the ROC curve|share of pairs of a viewer with the outcome and one without in which the first has the higher probability, ties counting half|||ucnt|ratio|f
log_loss|对数损失|log-loss|mean over viewers held out of -ln(probability given to what happened)|||ucnt|1|f
base_log_loss|基准对数损失|log-loss of a constant|log_loss of giving everybody the share of the viewers learned from|||ucnt|1|f
$metrics$;
END
$live$;
COMMENT ON FUNCTION live_metrics() IS
'the metrics of the views with Chinese and English names and formulas, a line each, as live_setup writes it to metric_catalog';
