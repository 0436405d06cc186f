-- One-line summaries of the V2 operations, written by hand.
-- Key: operationId. Groups and names are derived from the specification
-- (category, operationId), which gives those of the official Python SDK.

return {
  -- authentication
  loginViaApiSecret = "Exchange the API secret for an access and a refresh token.",
  refreshToken = "Exchange a refresh token for a new pair of tokens.",

  -- payments
  payWithBillingKey = "Charge a stored billing key now.",
  payInstantly = "Charge a card from its number, or issue a virtual account.",
  getPayment = "Read one payment.",
  getPayments = "List payments, page by page.",
  getAllPaymentsByCursor = "List every payment of a period with a cursor.",
  getAllPaymentEventsByCursor = "List every payment event of a period with a cursor.",
  getPaymentTransactions = "List the attempts made to pay one payment.",
  cancelPayment = "Refund a payment in full or in part.",
  stopPaymentCancellation = "Stop a refund that is still pending (Triple-A).",
  capturePayment = "Capture an approved payment by hand.",
  confirmPayment = "Complete a payment whose channel asks for confirmation by the server.",
  preRegisterPayment = "Register the expected amount before the payment window opens.",
  closeVirtualAccount = "Close a virtual account that has not been paid into.",
  registerStoreReceipt = "Register the sub-merchants' shares of a payment on its sales slip.",
  resendWebhook = "Send a webhook of a payment again.",
  applyEscrowLogistics = "Register the shipping data of an escrow payment.",
  modifyEscrowLogistics = "Change the shipping data of an escrow payment.",
  confirmEscrow = "Confirm the purchase of an escrow payment.",

  -- billing keys
  issueBillingKey = "Issue a billing key from card data.",
  getBillingKeyInfo = "Read one billing key.",
  getBillingKeyInfos = "List billing keys, page by page.",
  deleteBillingKey = "Delete a billing key.",
  confirmBillingKey = "Complete a billing key whose channel asks for confirmation by the server.",
  confirmBillingKeyIssueAndPay =
    "Complete a billing key and its first payment where the server must confirm.",

  -- schedules
  createPaymentSchedule = "Schedule one charge of a billing key.",
  getPaymentSchedule = "Read one schedule.",
  getPaymentSchedules = "List schedules, page by page.",
  revokePaymentSchedules = "Cancel schedules, all or none of them.",

  -- cash receipts
  issueCashReceipt = "Issue a cash receipt by hand.",
  getCashReceiptByPaymentId = "Read the cash receipt of a payment.",
  getCashReceipts = "List cash receipts, page by page.",
  cancelCashReceiptByPaymentId = "Cancel the cash receipt of a payment.",

  -- promotions, sessions, checkout, identity, codes
  getPromotion = "Read one promotion.",
  getPgCardPromotions = "List the card promotions a PG offers on a channel.",
  createPaymentSession = "Create a hosted checkout page and get its URL.",
  getPaymentSession = "Read a hosted checkout session; needs no authorization.",
  closePaymentSession = "End a hosted checkout session at once.",
  evaluateCheckoutProfile = "List the payment methods a checkout profile offers for an amount.",
  sendIdentityVerification = "Start an identity check by text message or app.",
  resendIdentityVerification = "Send the text message of an identity check again.",
  confirmIdentityVerification = "Finish an identity check.",
  getIdentityVerification = "Read one identity check.",
  getIdentityVerifications = "List identity checks, page by page.",
  getBankInfos = "List the banks and their names.",
  getKakaopayPaymentOrder = "Read an order at Kakao Pay.",
  confirmPaymentwallDelivery = "Report the delivery of a Paymentwall order.",

  -- reconciliation
  getPaymentReconciliationSettlementVatReport = "Read the VAT report by settlement date.",
  getPaymentReconciliationTransactionVatReport = "Read the VAT report by transaction date.",

  -- tax invoices
  getB2bBulkTaxInvoice = "Read a bulk of tax invoices.",
  createB2bFileUploadUrl = "Get a URL to upload an attachment to.",
  downloadB2bTaxInvoicesSheet = "Download tax invoices as CSV.",
  draftB2bTaxInvoice = "Save a tax invoice as a draft.",
  updateB2bTaxInvoiceDraft = "Change a drafted tax invoice.",
  issueB2bTaxInvoiceImmediately = "Draft and issue a tax invoice in one step.",
  issueB2bTaxInvoice = "Approve the issuance of a tax invoice.",
  requestB2bTaxInvoiceReverseIssuance =
    "Draft a tax invoice and ask the supplier to issue it, in one step.",
  requestB2bTaxInvoice = "Ask the supplier to issue a drafted tax invoice.",
  cancelB2bTaxInvoiceIssuance = "Take back an issued tax invoice, as its supplier.",
  cancelB2bTaxInvoiceRequest = "Take back a request for a tax invoice, as its recipient.",
  refuseB2bTaxInvoiceRequest = "Refuse a request for a tax invoice, as its supplier.",
  sendToNtsB2bTaxInvoice = "Send an issued tax invoice to the tax office now.",
  getB2bTaxInvoice = "Read one tax invoice.",
  getB2bTaxInvoices = "List tax invoices, page by page.",
  deleteB2bTaxInvoice = "Delete a tax invoice.",
  attachB2bTaxInvoiceFile = "Attach an uploaded file to a tax invoice.",
  getB2bTaxInvoiceAttachments = "List the files attached to a tax invoice.",
  deleteB2bTaxInvoiceAttachment = "Remove a file from a tax invoice.",
  getB2bTaxInvoicePdfDownloadUrl = "Get a URL of a tax invoice as PDF.",
  getB2bTaxInvoicePopupUrl = "Get a URL that shows a tax invoice in a pop-up.",
  getB2bTaxInvoicePrintUrl = "Get a URL that prints a tax invoice.",
  getB2bBusinessInfos = "Read business registrations by their numbers.",

  -- counterparties
  createB2bCounterparty = "Create a counterparty.",
  getB2bCounterparty = "Read one counterparty.",
  getB2bCounterparties = "List counterparties, page by page.",
  updateB2bCounterparty = "Change a counterparty.",
  deleteB2bCounterparty = "Delete a counterparty.",
  getB2bCounterpartyCertificate = "Read the certificate of a connected business.",
  getB2bCounterpartyCertificateRegistrationUrl =
    "Get the URL where a connected business registers its certificate.",
  validateB2bCounterpartyCertificate = "Check that the registered certificate is valid.",

  -- platform: settings and look-ups
  getPlatformSetting = "Read the platform settings.",
  updatePlatformSetting = "Change the platform settings.",
  getPlatformPartnerFilterOptions = "Read the values partners can be filtered by.",
  getPlatformDiscountSharePolicyFilterOptions =
    "Read the values discount share policies can be filtered by.",
  getPlatformAccountHolder = "Read the name of a bank account's holder.",
  getPlatformCompanyState = "Read the tax state of a business.",

  -- platform: partners
  createPlatformPartner = "Create a partner.",
  createPlatformPartners = "Create several partners.",
  getPlatformPartner = "Read one partner.",
  getPlatformPartners = "List partners, page by page.",
  updatePlatformPartner = "Change a partner.",
  archivePlatformPartner = "Archive a partner.",
  recoverPlatformPartner = "Take a partner out of the archive.",
  getPlatformPartnerSchedule = "Read the scheduled change of a partner.",
  schedulePartner = "Schedule a change of a partner.",
  reschedulePartner = "Replace the scheduled change of a partner.",
  cancelPlatformPartnerSchedule = "Cancel the scheduled change of a partner.",
  schedulePlatformPartners = "Schedule a change of several partners.",
  connectPartnerCounterparty = "Connect a partner to a counterparty.",
  connectBulkPartnerCounterparty = "Connect several partners to counterparties.",
  disconnectPartnerCounterparty = "Disconnect a partner from its counterparty.",
  disconnectBulkPartnerCounterparty = "Disconnect several partners from their counterparties.",

  -- platform: contracts and policies
  createPlatformContract = "Create a contract.",
  getPlatformContract = "Read one contract.",
  getPlatformContracts = "List contracts, page by page.",
  updatePlatformContract = "Change a contract.",
  archivePlatformContract = "Archive a contract.",
  recoverPlatformContract = "Take a contract out of the archive.",
  getPlatformContractSchedule = "Read the scheduled change of a contract.",
  scheduleContract = "Schedule a change of a contract.",
  rescheduleContract = "Replace the scheduled change of a contract.",
  cancelPlatformContractSchedule = "Cancel the scheduled change of a contract.",
  createPlatformAdditionalFeePolicy = "Create an additional fee policy.",
  getPlatformAdditionalFeePolicy = "Read one additional fee policy.",
  getPlatformAdditionalFeePolicies = "List additional fee policies, page by page.",
  updatePlatformAdditionalFeePolicy = "Change an additional fee policy.",
  archivePlatformAdditionalFeePolicy = "Archive an additional fee policy.",
  recoverPlatformAdditionalFeePolicy = "Take an additional fee policy out of the archive.",
  getPlatformAdditionalFeePolicySchedule =
    "Read the scheduled change of an additional fee policy.",
  scheduleAdditionalFeePolicy = "Schedule a change of an additional fee policy.",
  rescheduleAdditionalFeePolicy = "Replace the scheduled change of an additional fee policy.",
  cancelPlatformAdditionalFeePolicySchedule =
    "Cancel the scheduled change of an additional fee policy.",
  createPlatformDiscountSharePolicy = "Create a discount share policy.",
  getPlatformDiscountSharePolicy = "Read one discount share policy.",
  getPlatformDiscountSharePolicies = "List discount share policies, page by page.",
  updatePlatformDiscountSharePolicy = "Change a discount share policy.",
  archivePlatformDiscountSharePolicy = "Archive a discount share policy.",
  recoverPlatformDiscountSharePolicy = "Take a discount share policy out of the archive.",
  getPlatformDiscountSharePolicySchedule =
    "Read the scheduled change of a discount share policy.",
  scheduleDiscountSharePolicy = "Schedule a change of a discount share policy.",
  rescheduleDiscountSharePolicy = "Replace the scheduled change of a discount share policy.",
  cancelPlatformDiscountSharePolicySchedule =
    "Cancel the scheduled change of a discount share policy.",

  -- platform: transfers, settlements, payouts
  createPlatformOrderTransfer = "Create the settlement of an order.",
  createPlatformOrderCancelTransfer = "Create the settlement of a cancelled order.",
  createPlatformManualTransfer = "Create a settlement by hand.",
  getPlatformTransfer = "Read one settlement.",
  deletePlatformTransfer = "Delete a settlement that has not been processed.",
  getPlatformTransferSummaries = "List settlement summaries, page by page.",
  downloadPlatformTransferSheet = "Download settlements as CSV.",
  getPlatformPartnerSettlements = "List the settlements of partners, page by page.",
  deletePlatformPartnerSettlements = "Delete settlements of partners.",
  getPlatformPayouts = "List payouts, page by page.",
  completePlatformPayoutByPartnerSettlementIds = "Mark settlements of partners as paid out.",
  getPlatformBulkPayouts = "List bulk payouts, page by page.",
  getPlatformAccountTransfers = "List account transfers, page by page.",
  getPlatformBulkAccountTransfers = "List bulk account transfers, page by page.",
}
