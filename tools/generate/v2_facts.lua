-- What the V2 specification says only in prose or leaves out, written by hand.
-- Keys of a fact are those of a row, a type or a field (see lua/portone/api/init.lua).
-- Each fact names its source: [spec] prose of the specification file, [doc] the guides,
-- [design] a decision of this project.

local secret = { secret = true }
local sum = { min = 0 }
local channel = { "channelKey", "channelGroupId" } -- [spec] one of the two is required
local eximbay = { per_pg = { eximbay_v2 = { required = true } } } -- [spec] required for Eximbay
local document_key = { format = "document-key" } -- [spec] letters, digits, "-" and "_"
-- [spec] the registration number is needed unless the key is the invoice's own id
local by_document = { { "taxInvoiceKeyType", "TAX_INVOICE_ID", { "brn" } } }
local physical = { "carrierTrackingId", "carrierType", "shippingAddressCountry",
  "shippingAddressCity", "shippingAddressZip", "shippingAddressState", "shippingAddressStreet",
  "shippingAddressPhone", "shippingAddressFirstname", "shippingAddressLastname" }

local facts = {}

-- By operationId.
facts.rows = {
  issueBillingKey = { one_of = { channel } },
  payInstantly = { one_of = { channel } },
  revokePaymentSchedules = { any_of = { { "billingKey", "scheduleIds" } } }, -- [spec]
  getPayments = { page_window = 60000 }, -- [spec] (number + 1) * size
  -- [doc] the Toss Pay page marks the name required, its own sample has none [design]
  createPaymentSchedule = { advice = { { "payment.customer.name", { "tosspay_v2" } } } },
  sendIdentityVerification = { -- [spec] by text message
    required_if = { { "method", "SMS", { "customer.identityNumber" } } },
  },
  confirmPaymentwallDelivery = { required_if = { { "deliveryType", "PHYSICAL", physical } } },
  updateB2bTaxInvoiceDraft = { required_unless = by_document },
  getPlatformAccountHolder = { -- [spec]
    max_one_of = { { "birthdate", "businessRegistrationNumber" } },
  },
}

-- By schema (or operationId, for query parameters) and property.
facts.fields = {
  LoginViaApiSecretBody = { apiSecret = secret },
  RefreshTokenBody = { refreshToken = secret },
  CardCredential = {
    number = { format = "digits", secret = true },
    expiryYear = { format = "two-digits", secret = true },
    expiryMonth = { format = "month", secret = true },
    birthOrBusinessRegistrationNumber = { format = "birth", secret = true },
    passwordTwoDigits = { format = "two-digits", secret = true },
  },
  -- [design] no PG pays the payer
  PaymentAmountInput = { total = sum, taxFree = sum, vat = sum },
  CancelPaymentBody = { amount = sum, taxFreeAmount = sum, vatAmount = sum },
  CreatePaymentScheduleBody = { timeToPay = { format = "time-to-pay" } }, -- [design]
  BillingKeyPaymentInput = { locale = eximbay },
  BillingKeyPaymentScheduleInput = { locale = eximbay },
  InstantBillingKeyPaymentMethodInput = { card = { required = true } }, -- [spec] always needed
  ConfirmBillingKeyBody = { billingIssueToken = secret },
  ConfirmBillingKeyIssueAndPayBody = { billingIssueToken = secret },
  ConfirmPaymentBody = { paymentToken = secret },
  ConfirmIdentityVerificationBody = { otp = secret },
  SendIdentityVerificationBodyCustomer = {
    phoneNumber = { format = "digits" }, -- [spec]
    identityNumber = { format = "seven-digits", secret = true }, -- [spec] the first seven
  },
  IssueCashReceiptCustomerInput = {
    identityNumber = secret,
    identityNumberType = { per_pg = { galaxia = { required = true } } }, -- [spec]
  },
  IssueCashReceiptBody = { -- [spec] only for this PG
    businessRegistrationNumber = { pgs = { "welcome" } },
    paymentMethod = { pgs = { "welcome" } },
  },
  CashReceiptInput = { customerIdentityNumber = secret },
  InstantPaymentMethodInputVirtualAccountCashReceiptInfo = { customerIdentityNumber = secret },
  CancelPaymentBodyRefundAccount = { number = secret },
  B2bTaxInvoiceInput = {
    supplierDocumentKey = document_key, recipientDocumentKey = document_key,
  },
  B2bTaxInvoiceCompany = { -- [spec] ten digits; always four
    brn = { format = "business-number" }, taxRegistrationId = { min = 4, max = 4 },
  },
  PlatformSettlementCycleInput = { lagDays = { min = 1, max = 10 } }, -- [spec]
  PlatformSettlementParameterValue = { decimalScale = { min = 0, max = 5 } }, -- [spec]
}

-- Shapes of named types: exactly one, or at most one, of the listed fields.
facts.types = {
  CustomerNameInput = { one_of = { { "full", "separated" } } }, -- [spec]
  InstantPaymentMethodInput = { one_of = { { "card", "virtualAccount" } } }, -- [spec]
  InstantPaymentMethodInputVirtualAccountExpiry = { one_of = { { "validHours", "dueDate" } } },
  InstantPaymentMethodInputVirtualAccountOptionFixed = {
    one_of = { { "pgAccountId", "accountNumber" } }, -- [spec]
  },
  InstantPaymentMethodInputVirtualAccountOption = {
    required_if = { { "type", "FIXED", { "fixed" } } }, -- [spec] the fixed kind needs its account
  },
  PlatformFeeInput = { one_of = { { "fixedRate", "fixedAmount" } } }, -- [spec]
  PlatformSettlementCycleMethodInput = { -- [spec]
    one_of = { { "daily", "weekly", "monthly", "manualDates" } },
  },
  CreatePlatformOrderTransferBodyOrderDetail = { one_of = { { "orderAmount", "orderLines" } } },
  CreatePlatformOrderCancelTransferBodyOrderDetail = { -- [spec]
    one_of = { { "orderAmount", "orderLines", "all" } },
  },
  CreatePlatformPartnerBodyType = { one_of = { { "business", "whtPayer", "nonWhtPayer" } } },
  UpdatePlatformPartnerBodyType = { max_one_of = { { "business", "whtPayer", "nonWhtPayer" } } },
  PlatformPaymentMethodInput = {
    one_of = { { "card", "transfer", "virtualAccount", "giftCertificate", "mobile", "easyPay" } },
  },
  B2bTaxInvoiceModificationCreateBody = { required_unless = by_document }, -- [spec]
}

-- Output types of one group that would make its file too long, by the end of their names.
facts.files = {
  payment = { { "Transaction$", "payment_transactions" }, { "Payment$", "payment_states" } },
}

return facts
