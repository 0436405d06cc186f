-- What the shop sells, and its words, in Korean and English.

local M = {}

-- The only place that knows a price. Won.
M.goods = {
  { id = "beans", price = 12000, ko = "원두 200g", en = "Coffee beans, 200 g" },
  { id = "mug", price = 18000, ko = "머그잔", en = "Mug" },
  { id = "monthly", price = 9900, monthly = true, ko = "매달 원두 한 봉지",
    en = "A bag of beans every month" },
}

M.good = {}
for _, good in ipairs(M.goods) do M.good[good.id] = good end

M.ko = {
  lang = "ko", other = "en", other_name = "English", shop = "달콩 커피",
  home = "오늘 볶은 원두", orders = "주문 내역",
  won = "%s원", per_month = "매달 %s원", quantity = "수량", buy = "구매하기", buy_v1 = "V1 구매",
  subscribe = "구독하기", pay = "결제하기", issue = "카드 등록하고 구독하기", back = "계속 둘러보기",
  checkout = "주문서", order = "주문", no_orders = "아직 주문이 없습니다.", again = "다시 결제하기",
  open = "결제 전", failed = "결제 실패", paid = "결제 완료", part = "부분 취소", cancelled = "취소 완료",
  refunded = "취소된 금액 %s", cancel = "취소하기", cancel_n = "취소할 수량", subscription = "정기 구독",
  running = "구독 중", stopped = "해지됨", starting = "첫 결제를 확인하고 있습니다.",
  stop = "구독 해지", check = "다시 확인",
  not_found = "찾을 수 없는 주소입니다.", forbidden = "오래된 화면입니다. 새로고침 후 다시 해 주세요.",
  no_cancel = "취소하지 못했습니다.", trouble = "지금은 처리할 수 없습니다. 잠시 후 다시 해 주세요.",
  unknown_order = "주문을 찾을 수 없습니다.", paid_already = "이미 결제된 주문입니다.",
  no_subscription = "구독을 시작하지 못했습니다.", buyer = "손님", reason = "고객 요청",
}

M.en = {
  lang = "en", other = "ko", other_name = "한국어", shop = "Dalkong Coffee",
  home = "Roasted today", orders = "My orders",
  won = "₩%s", per_month = "₩%s a month", quantity = "Quantity", buy = "Buy", buy_v1 = "Buy (V1)",
  subscribe = "Subscribe", pay = "Pay", issue = "Register a card and subscribe",
  back = "Back to the shop", checkout = "Checkout", order = "Order", no_orders = "No orders yet.",
  again = "Pay again", open = "not paid yet", failed = "payment failed", paid = "paid",
  part = "partly cancelled", cancelled = "cancelled", refunded = "%s given back",
  cancel = "Cancel", cancel_n = "How many to cancel", subscription = "Subscription",
  running = "running", stopped = "ended", starting = "The first payment is being checked.",
  stop = "End the subscription", check = "Check again", not_found = "There is no such page.",
  forbidden = "This page is out of date. Reload it and try again.",
  no_cancel = "It could not be cancelled.", trouble = "This cannot be done now. Try again soon.",
  unknown_order = "There is no such order.", paid_already = "This order is paid already.",
  no_subscription = "The subscription could not be started.", buyer = "A customer",
  reason = "asked by the customer",
}

return M
