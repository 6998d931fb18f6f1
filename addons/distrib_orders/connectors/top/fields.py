"""What has to be asked for: TOP returns only the fields that a call names, and only the kinds of trade that it names."""

# without all five of the first row the platform makes no OAID
TRADE = (
    "receiver_name,receiver_address,created,receiver_mobile,receiver_phone,"
    "tid,tid_str,status,type,pay_time,modified,consign_time,end_time,payment,total_fee,post_fee,discount_fee,adjust_fee,"
    "received_payment,coupon_fee,credit_card_fee,num,title,seller_nick,buyer_nick,buyer_open_uid,buyer_message,"
    "has_buyer_message,buyer_memo,seller_memo,seller_flag,receiver_country,receiver_state,receiver_city,"
    "receiver_district,receiver_town,receiver_zip,oaid,shipping_type,step_trade_status,step_paid_fee,promotion_details,"
    "service_tags,trade_from,is_part_consign,lm,shop_pick,retail_store_code,omni_attr,omni_param,rt_omni_send_type,"
    "rt_omni_outer_store_id,timing_promise,promise_service,cutoff_minutes,delivery_time,collect_time,sign_time,"
    "est_con_time,priority_consign_time,top_hold,forbid_consign,team_buy_hold,share_group_hold,ofp_hold,"
    "rx_audit_status,invoice_kind,invoice_name,invoice_type,orders"
)
LISTED = "tid,tid_str,modified,status"
REFUND = (
    "refund_id,tid,oid,status,created,modified,refund_fee,payment,total_fee,num,has_good_return,good_status,reason,"
    "order_status,refund_phase,sku,outer_id,refund_version,sid,company_name,title"
)
# the default leaves out most of these, which is the usual reason why orders are "not found"
TYPES = (
    "fixed,auction,guarantee_trade,auto_delivery,independent_simple_trade,independent_shop_trade,ec,cod,b2c_cod,"
    "fenxiao,game_equipment,shopex_trade,netcn_trade,external_trade,instant_trade,hotel_trade,super_market_trade,"
    "super_market_cod_trade,step,nopaid,pre_auth_type,tmall_i18n,eticket,taohua,waimai,o2o_offlinetrade"
)
