-- What the V1 specification says only in prose, leaves out or gets wrong, written by hand.
-- Keys of a fact are those of a row or a field (see lua/portone/api/init.lua); `false` takes
-- away what the specification says. Each fact names its source: [spec] prose of the
-- specification file, [doc] the guides, [design] a decision of this project.

local unix = { format = "unix" }
local secret = { secret = true }
-- [spec] declared `string` or `array`, the example and the text show an object
local requester = { type = "string", enum = { "customer", "admin" } }
-- [spec] one value or several: "array" in the type, a single one in the text
local texts = { type = "array", items = { type = "string" }, single = true }
local physical = { "carrier_tracking_id", "carrier_type", "shipping_address_country",
  "shipping_address_city", "shipping_address_zip", "shipping_address_state",
  "shipping_address_street", "shipping_address_phone", "shipping_address_firstname",
  "shipping_address_lastname" }
local shipped = { { "delivery_method", "DELIVERY", { "delivery_company", "tracking_number" } } }
-- [spec] customer_id is marked required for this PG, its own text and the guide say optional
local customer_id = { per_pg = false, advised_by = { "tosspayments" } }

-- [spec] won is not for this PG
local paypal = { paypal_v2 = { required = true, refuses = { "KRW" } } }
-- [spec] the currency is KRW unless another is given
local charged = { names = { "amount", "tax_free", "vat_amount" }, currency = "currency",
  default = "KRW" }
local prepared = { names = { "amount" }, currency = "currency" } -- [spec] null: any currency

local facts = {}

-- By name on the wire, wherever it appears among the parameters.
facts.fields = {
  card_number = { format = "card", secret = true },      -- [spec] dddd-dddd-dddd-dddd
  expiry = { format = "year-month", secret = true },     -- [spec] YYYY-MM
  birth = { format = "birth", secret = true },           -- [spec] YYMMDD or 10 digits
  pwd_2digit = { format = "two-digits", secret = true }, -- [spec]
  cvc = { format = "cvc", secret = true },               -- [spec] 3 digits, 4 for AMEX
  imp_key = secret, imp_secret = secret, benepia_password = secret, escrow_password = secret,
  otp = secret, pg_api_key = secret, identifier = secret, code_verifier = secret,
  secure_3d_charge_id = secret, secure_3d_token = secret, refund_account = secret,
  schedule_at = unix, schedule_from = unix, schedule_to = unix, from = unix, to = unix,
  vbank_due = unix, expired_at = unix, dispatched_at = unix,
  estimated_delivery_datetime = { format = "unix", max = false },
  estimated_update_datetime = { format = "unix", max = false },
  currency = { format = "currency" },
  bypass = { type = "json" },                            -- [spec] a JSON text
  tier_code = { min = 3, max = 3 },                      -- [spec] always three characters
  gender_digit = { enum = { "1", "2", "3", "4", "5", "6", "7", "8" }, secret = true },
  prepaid_amount = { max = 999999999 },                  -- [spec] at most nine digits
  amount = { min = 0 },                                  -- [design] no PG pays the payer
}

-- [design] Where one of these is required it is not empty: an order without a name cannot be
-- looked up after a lost answer. (Of form data Swagger 2.0 says so without allowEmptyValue.)
facts.named = { merchant_uid = true, customer_uid = true }

-- Required by the specification, and yet requests from before it was go to the default
-- channel [design]: missing is a warning.
facts.relaxed = { channel_key = true }

-- By operation, after the above.
facts.of = {
  ["subscribe.again"] = {
    name = { required = false, advised = true },         -- [design] the guide's sample has none
    currency = { per_pg = paypal },
  },
  ["subscribe.schedule"] = {
    schedules = { min = 1, unique = "merchant_uid" },    -- [spec] each has its own
    customer_id = customer_id,
    cvc = { per_pg = false },                            -- [spec] only where it issues a key
  },
  ["subscribe.unschedule"] = { merchant_uid = texts },
  ["customers.issue"] = { customer_id = customer_id },
  ["customers.delete"] = { extra = requester },
  ["payments.list"] = { imp_uid = { max = 100 }, merchant_uid = { max = 100 } },
  ["payments.find"] = { payment_status = { enum = { "ready", "paid", "cancelled", "failed" } } },
  ["payments.find_all"] = {
    payment_status = { enum = { "ready", "paid", "cancelled", "failed" } },
  },
  ["payments.cancel"] = {
    extra = { type = "object", open = true, fields = { requester = requester } },
    refund_tel = { per_pg = false, advised_by = { "smartro" } }, -- [spec] virtual accounts only
  },
  ["certifications.otp_request"] = {
    birth = { format = false },                          -- [spec] separators are stripped
    pg = { deprecated = true },
  },
  ["naver.confirm"] = { requester = requester },
  ["vbanks.issue"] = { notice_url = texts },
  ["benepia.pay"] = { notice_url = texts },
  ["cvs.issue"] = { notice_url = texts },
}

-- [spec, doc] the answer is a payment that was tried now: `failed` is the card's refusal
local charge = { charge = true }
local charge_of = { charge = true, amounts = charged }

-- Facts of whole operations.
facts.rows = {
  ["subscribe.again"] = charge_of,
  ["subscribe.onetime"] = charge_of,
  ["subscribe.retry"] = charge,
  ["benepia.pay"] = charge,
  ["kcpquick.pay_money"] = charge,
  ["kcpquick.pay_autopay"] = charge,
  ["users.get_token"] = { noauth = true, repeatable = true },
  ["payments.cancel"] = { any_of = { { "imp_uid", "merchant_uid" } } },
  ["payments.list"] = { any_of = { { "imp_uid", "merchant_uid" } } },
  ["payments.prepare"] = { amounts = prepared },
  ["payments.prepare_update"] = { amounts = prepared },
  ["payments.by_status"] = { window = { from = "from", to = "to", days = 90, inclusive = true } },
  ["subscribe.unschedule"] = { any_of = { { "customer_uid", "merchant_uid" } } },
  ["subscribe.schedule"] = {
    -- [spec] card data issues the key first: number and expiry go together
    required_if = { { "card_number", true, { "expiry" } }, { "expiry", true, { "card_number" } } },
  },
  ["subscribe.schedules"] = {
    window = { from = "schedule_from", to = "schedule_to", months = 3 },
  },
  ["subscribe.schedules_by_customer"] = { window = { from = "from", to = "to", months = 3 } },
  ["customers.schedules"] = { window = { from = "from", to = "to", months = 3 } },
  ["naver.ship"] = { required_if = shipped },
  ["naver.ship_exchanged"] = { required_if = shipped },
  ["naver.request_return"] = { required_if = {
    { "delivery_method", "RETURN_DELIVERY", { "delivery_company", "tracking_number" } },
  } },
  ["kcpquick.prepare"] = { required_if = { { "prepaid_auth_yn", "Y", { "prepaid_amount" } } } },
  ["kcpquick.prepare_update"] = {
    required_if = { { "prepaid_auth_yn", "Y", { "prepaid_amount" } } },
  },
  ["paymentwall.register_delivery"] = { required_if = { { "type", "physical", physical } } },
}

-- By definition and property, for named types.
facts.types = {
  Schedule = {
    merchant_uid = { min = 1 }, amount = { min = 0 },    -- [design] as of one that is due now
    schedule_at = unix,
    -- [spec] required and yet with a default; requests from before do without [design]
    currency = { required = false, advised = true, format = "currency", per_pg = paypal },
    name = { required = false, advised = true },
    product_type = { enum = { "real", "digital" } },
    cash_receipt_type = { enum = { "person", "company", "anonymous" } },
    card_quota = { type = "integer" },
    extra = { open = true },
    bypass = { type = "json" },
  },
  EscrowLogisInfo = { sent_at = unix, receiving_at = { format = "yyyymmdd" } },
  EscrowLogisProducts = { currency = { format = "currency" } },
  SubscribePaymentExtra = { naverUseCfm = { format = "yyyymmdd" } },
}

-- By definition, beside its properties.
facts.rules = {
  SubscribePaymentExtra = { open = true }, -- what a PG takes in `extra` is nowhere listed
  Schedule = { amounts = charged },
  EscrowLogisProducts = {
    amounts = { names = { "amount" }, currency = "currency", default = "KRW" },
  },
}

-- [spec] answers that hold one of two shapes; the named field tells them apart
facts.shapes = {
  CustomerOrSuperBillingKey = {
    { type = "SuperBillingKey", has = "channelGroupId" },
    { type = "Customer" },
  },
}

return facts
