-- SPDX-License-Identifier: MIT
-- What the windows say, in Korean and English. A name that a language lacks is a mistake that
-- the spec of the pages finds.

local M = {}

M.ko = {
  title_pay = "결제", title_key = "빌링키 발급", title_key_and_pay = "빌링키 발급 및 결제",
  title_identity = "본인인증",
  badge = "샌드박스 · 실제 돈이 오가지 않습니다",
  other_language = "English",
  order = "주문", order_id = "주문번호", amount = "금액", pg = "결제대행사", method = "결제수단",
  no_amount = "청구 없음", customer = "고객",
  card = "테스트 카드", card_help = "카드마다 결과가 정해져 있습니다.",
  installment = "할부", lump_sum = "일시불", months = "%d개월",
  provider = "간편결제", bank = "입금 은행", phone = "휴대폰 번호",
  name = "이름", number = "주민등록번호 앞 7자리", operator = "통신사",
  pay = "%s 결제하기", pay_plain = "결제하기", issue_key = "빌링키 발급하기",
  issue_account = "가상계좌 발급하기", verify = "인증하기",
  decline = "거절시키기", cancel = "취소", abandon = "답 없이 나가기",
  decline_help = "카드사나 결제대행사가 거절한 것으로 합니다.",
  abandon_help = "창만 사라지고 결제는 대기 상태로 남습니다.",
  print_receipt = "수납번호 발급하기", receipt_title = "수납번호가 발급되었습니다",
  store = "편의점", receipt = "수납번호",
  pending = "승인 대기로 두기", pending_help = "결제대행사의 승인이 늦어지는 것으로 합니다.",
  account_title = "가상계좌가 발급되었습니다", account = "계좌번호", due = "입금 기한",
  deposit = "%s 입금하기", deposit_help = "지금 입금하거나, 입금하지 않고 마칠 수 있습니다.",
  done = "마치기",
  deposited = "입금되었습니다.", not_deposited = "이 계좌는 지금 입금을 받지 않습니다.",
  busy = "쇼핑몰의 승인을 기다리고 있습니다.", over = "이미 끝난 창입니다.",
  unknown_choice = "무엇을 할지 선택해 주세요.",
  bad_name = "이름을 입력해 주세요.", bad_phone = "휴대폰 번호는 숫자 10~11자리입니다.",
  bad_number = "주민등록번호 앞 7자리(생년월일과 뒷자리 첫 숫자)를 입력해 주세요.",
  bad_bank = "이 결제대행사에 없는 은행입니다.", too_young = "허용된 나이보다 어립니다.",
  result_ok = "완료되었습니다", result_failed = "완료되지 않았습니다",
  result_abandoned = "결제창을 나갔습니다",
  may_close = "이 창을 닫아도 됩니다.", back_to_shop = "쇼핑몰로 돌아가기",
  no_way_back = "쇼핑몰은 이 창에서 답을 받지 않습니다. 뒤로 가기로 돌아갈 수 있습니다.",
}

M.en = {
  title_pay = "Payment", title_key = "Register a card", title_key_and_pay = "Register and pay",
  title_identity = "Identity verification",
  badge = "Sandbox · no real money moves",
  other_language = "한국어",
  order = "Order", order_id = "Order no.", amount = "Amount", pg = "Gateway",
  method = "Method", no_amount = "nothing is charged", customer = "Customer",
  card = "Test card", card_help = "Each card has an outcome of its own.",
  installment = "Instalments", lump_sum = "Lump sum", months = "%d months",
  provider = "Wallet", bank = "Bank of the account", phone = "Mobile number",
  name = "Name", number = "First 7 digits of the resident number", operator = "Carrier",
  pay = "Pay %s", pay_plain = "Pay", issue_key = "Register", issue_account = "Issue the account",
  verify = "Verify",
  decline = "Decline", cancel = "Cancel", abandon = "Leave without an answer",
  decline_help = "As if the card company or the gateway had said no.",
  abandon_help = "Only the window goes; the payment stays as begun.",
  print_receipt = "Get a receipt number", receipt_title = "Pay at the till",
  store = "Store", receipt = "Receipt no.",
  pending = "Leave it pending", pending_help = "As if the gateway took its time.",
  account_title = "The virtual account was issued", account = "Account", due = "Pay in by",
  deposit = "Deposit %s", deposit_help = "Deposit now, or finish without.",
  done = "Finish",
  deposited = "The deposit has arrived.",
  not_deposited = "The account takes no deposit now.",
  busy = "Waiting for the shop to confirm.", over = "This window is over.",
  unknown_choice = "Choose what to do.",
  bad_name = "Enter a name.", bad_phone = "A mobile number has 10 or 11 digits.",
  bad_number = "Enter the first 7 digits: date of birth and the digit after it.",
  bad_bank = "The gateway does not have this bank.",
  too_young = "Younger than the shop allows.",
  result_ok = "Done", result_failed = "Not completed", result_abandoned = "You left the window",
  may_close = "You may close this window.", back_to_shop = "Back to the shop",
  no_way_back = "The shop hears nothing from this window. Go back with the browser.",
}

-- The test cards, by name; other cards are shown by their name.
M.cards_ko = {
  success = "신용카드 · 승인", success_check = "체크카드 · 승인", success_corporate = "법인카드 · 승인",
  declined = "카드사 거절", insufficient_funds = "잔액 부족", limit_exceeded = "한도 초과",
  expired_card = "유효기간 만료", lost_or_stolen = "분실·도난 카드", wrong_birth = "생년월일 불일치",
  wrong_password = "비밀번호 불일치", wrong_expiry = "유효기간 불일치",
  issue_declined = "빌링키 등록 불가", pg_timeout = "결제대행사 응답 없음",
  pg_error = "결제대행사 오류",
}

M.cards_en = {
  success = "Credit card · approved", success_check = "Debit card · approved",
  success_corporate = "Company card · approved", declined = "Declined by the issuer",
  insufficient_funds = "Insufficient funds", limit_exceeded = "Over the limit",
  expired_card = "Expired", lost_or_stolen = "Lost or stolen", wrong_birth = "Wrong birth date",
  wrong_password = "Wrong password", wrong_expiry = "Wrong expiry",
  issue_declined = "No billing key", pg_timeout = "Gateway does not answer",
  pg_error = "Gateway error",
}

local methods_ko = {
  CARD = "카드", VIRTUAL_ACCOUNT = "가상계좌", TRANSFER = "계좌이체", MOBILE = "휴대폰",
  GIFT_CERTIFICATE = "상품권", EASY_PAY = "간편결제", CONVENIENCE_STORE = "편의점",
  PAYPAL = "PayPal", ALIPAY = "Alipay", ALIPAY_PLUS = "Alipay+",
}
local methods_en = {
  CARD = "Card", VIRTUAL_ACCOUNT = "Virtual account", TRANSFER = "Bank transfer",
  MOBILE = "Mobile phone bill", GIFT_CERTIFICATE = "Gift certificate", EASY_PAY = "Easy pay",
  CONVENIENCE_STORE = "Convenience store", PAYPAL = "PayPal", ALIPAY = "Alipay",
  ALIPAY_PLUS = "Alipay+",
}

---@param lang "ko"|"en"
---@param method string  PaymentPayMethod
---@return string
function M.method(lang, method)
  return (lang == "ko" and methods_ko or methods_en)[method] or method
end

---@param lang "ko"|"en"
---@param name string  of a test card
---@return string
function M.card(lang, name)
  return (lang == "ko" and M.cards_ko or M.cards_en)[name] or name
end

local wallets_ko = { KAKAOPAY = "카카오페이", NAVERPAY = "네이버페이", TOSSPAY = "토스페이",
  PAYCO = "페이코", SAMSUNGPAY = "삼성페이", SSGPAY = "SSG페이", LPAY = "L.페이",
  APPLEPAY = "Apple Pay" }
local wallets_en = { KAKAOPAY = "Kakao Pay", NAVERPAY = "Naver Pay", TOSSPAY = "Toss Pay",
  PAYCO = "PAYCO", SAMSUNGPAY = "Samsung Pay", SSGPAY = "SSG Pay", LPAY = "L.pay",
  APPLEPAY = "Apple Pay" }

---@param lang "ko"|"en"
---@param provider string  EasyPayProvider
---@return string
function M.wallet(lang, provider)
  return (lang == "ko" and wallets_ko or wallets_en)[provider] or provider
end

local signs = { KRW = "₩", USD = "$", JPY = "¥", EUR = "€" }

-- "1234567" -> "1,234,567"
local function grouped(digits)
  local out = digits:reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (out:gsub("^,", ""))
end

---An amount for people.
---@param lang "ko"|"en"
---@param amount number    in minor units
---@param currency string
---@param exponent integer digits of the minor unit
---@return string  "3,000원", "$10.00"
function M.money(lang, amount, currency, exponent)
  local text = ("%.0f"):format(amount)
  local minor = ""
  if exponent > 0 then
    text = ("0"):rep(exponent + 1 - #text) .. text
    text, minor = text:sub(1, -exponent - 1), "." .. text:sub(-exponent)
  end
  text = grouped(text) .. minor
  if currency == "KRW" and lang == "ko" then
    return text .. "원"
  elseif signs[currency] then
    return signs[currency] .. text
  end
  return text .. " " .. tostring(currency)
end

return M
