-- SPDX-License-Identifier: MIT
-- Counterparties and tax invoices.

local t = require "spec.sandbox.v2_support"

local C, I = "v2.b2b.counterparty.", "v2.b2b.tax_invoice."

local world
before_each(function() world = t.world() end)

local function counterparty(id, extra)
  return { body = { counterpartyId = id, counterparty = t.with({ brn = "1234567890", name = "Co",
    representativeName = "Kim", contact = { name = "Kim", email = "k@example.com" } }, extra) } }
end

describe("V2 counterparties", function()
  local CREATE, GET = C .. "create_b2b_counterparty", C .. "get_b2b_counterparty"
  local UPDATE, DELETE = C .. "update_b2b_counterparty", C .. "delete_b2b_counterparty"
  local LIST = C .. "get_b2b_counterparties"
  local function at(id, body) return { path = { counterpartyId = id }, body = body } end

  it("are made once, changed, and removed", function()
    local made = t.ok(world, CREATE, counterparty "c").counterparty
    assert.equals("Co", made.companyName)
    assert.same(made, t.ok(world, GET, at "c"))
    t.refused(world, "B2B_COUNTERPARTY_ID_ALREADY_EXISTS", CREATE, counterparty "c")
    local changed = t.ok(world, UPDATE, at("c", { counterparty = { brn = "1234567890",
      memo = "m" } })).counterparty
    assert.same({ "Co", "m" }, { changed.companyName, changed.memo })
    t.refused(world, "B2B_COUNTERPARTY_BRN_MODIFICATION_NOT_ALLOWED", UPDATE,
      at("c", { counterparty = { brn = "1234567891" } }))
    t.ok(world, DELETE, at "c")
    t.refused(world, "B2B_COUNTERPARTY_NOT_FOUND", GET, at "c")
    t.refused(world, "B2B_COUNTERPARTY_NOT_FOUND", DELETE, at "c")
    assert.equals(0, #t.ok(world, LIST).items)
  end)

  it("need a number of ten digits and who they are", function()
    t.refused(world, "B2B_COUNTERPARTY_BRN_INVALID", CREATE, counterparty("c", { brn = "123" }))
    local args = counterparty "c"
    args.body.counterparty.name = nil
    t.refused(world, "B2B_COUNTERPARTY_MISSING_REQUIRED_FIELDS", CREATE, args)
    local contacts = {}
    for i = 1, 6 do contacts[i] = { name = "n" .. i, email = "e" } end
    t.refused(world, "B2B_COUNTERPARTY_TOO_MANY_ADDITIONAL_CONTACTS", CREATE,
      counterparty("c", { additionalContacts = contacts }))
  end)

  it("are listed by what a filter names", function()
    for i = 1, 3 do t.ok(world, CREATE, counterparty("c" .. i, { name = "Co " .. i })) end
    local function found(filter)
      local items = t.ok(world, LIST, { body = { filter = filter } }).items
      return #items == 1 and items[1].id or #items
    end
    assert.equals(3, found())
    assert.equals("c2", found { companyName = "Co 2" })
    assert.equals("c3", found { id = "c3" })
    assert.equals(2, found { counterpartyIds = { "c1", "c2" } })
    assert.equals(3, found { contactEmail = "example" })
    assert.equals(0, found { ntsConnectionStatuses = { "CONNECTED" } })
  end)
end)

describe("V2 tax invoices", function()
  local DRAFT, GET, LIST = I .. "draft_b2b_tax_invoice", I .. "get_b2b_tax_invoice",
    I .. "get_b2b_tax_invoices"
  local UPDATE, DELETE = I .. "update_b2b_tax_invoice_draft", I .. "delete_b2b_tax_invoice"
  local ISSUE, NOW = I .. "issue_b2b_tax_invoice", I .. "issue_b2b_tax_invoice_immediately"
  local REQUEST, REVERSE = I .. "request_b2b_tax_invoice",
    I .. "request_b2b_tax_invoice_reverse_issuance"
  local SEND, UNDO = I .. "send_to_nts_b2b_tax_invoice", I .. "cancel_b2b_tax_invoice_issuance"

  local function company(brn) return { brn = brn, name = "Co", representativeName = "Kim" } end
  local function body(extra, more)
    return { body = t.with({ taxInvoice = t.with({ taxationType = "TAXABLE",
      writeDate = "2026-12-31", purposeType = "RECEIPT", totalSupplyAmount = 1000,
      totalTaxAmount = 100, totalAmount = 1100, supplier = company "1111111111",
      recipient = company "2222222222" }, extra) }, more) }
  end
  local function at(key, query, b)
    return { path = { taxInvoiceKey = key }, query = query, body = b }
  end
  local function make(name, extra, more) return t.ok(world, name, body(extra, more)).taxInvoice end
  local function status(id) return t.ok(world, GET, at(id)).status end
  local NORMAL = { issuanceType = "NORMAL" }

  it("go from a draft to the tax office when the supplier issues them", function()
    local made = make(DRAFT, NORMAL)
    assert.equals("DRAFTED", made.status)
    assert.equals("2027-01-10", made.issuanceDueDate)
    assert.same({}, made.items)
    t.refused(world, "B2B_ISSUANCE_TYPE_MISMATCH", REQUEST, at(made.id))
    t.refused(world, "B2B_TAX_INVOICE_NOT_ISSUED_STATUS", SEND, at(made.id))
    t.ok(world, ISSUE, at(made.id))
    assert.equals("ISSUED", status(made.id))
    t.refused(world, "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS", ISSUE, at(made.id))
    local sent = t.ok(world, SEND, at(made.id)).taxInvoice
    assert.equals("SENDING_COMPLETED", sent.status)
    assert.equals(24, #sent.ntsApprovalNumber)
    t.refused(world, "B2B_TAX_INVOICE_NON_DELETABLE_STATUS", DELETE, at(made.id))
    t.refused(world, "B2B_TAX_INVOICE_NOT_ISSUED_STATUS", UNDO, at(made.id))
  end)

  it("wait for the supplier when the recipient requests them", function()
    local made = make(DRAFT)
    assert.equals("REVERSE", made.issuanceType)
    t.refused(world, "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS", ISSUE, at(made.id))
    t.ok(world, REQUEST, at(made.id))
    t.refused(world, "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS", REQUEST, at(made.id))
    t.ok(world, ISSUE, at(made.id))
    assert.equals("ISSUED", status(made.id))
    local function ended(name, to)
      local id = make(REVERSE).id
      assert.equals("REQUESTED", status(id))
      assert.equals("why", t.ok(world, I .. name, at(id, nil, { memo = "why" })).taxInvoice.memo)
      assert.equals(to, status(id))
      t.refused(world, "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS", I .. name, at(id))
      t.ok(world, DELETE, at(id))
      t.refused(world, "B2B_TAX_INVOICE_NOT_FOUND", GET, at(id))
    end
    ended("cancel_b2b_tax_invoice_request", "REQUEST_CANCELLED")
    ended("refuse_b2b_tax_invoice_request", "REQUEST_REFUSED")
  end)

  it("are issued at once, and cancelled before they are sent", function()
    local made = make(NOW)
    assert.same({ "NORMAL", "ISSUED" }, { made.issuanceType, made.status })
    t.refused(world, "B2B_ISSUANCE_TYPE_MISMATCH", NOW, body { issuanceType = "REVERSE" })
    t.refused(world, "B2B_ISSUANCE_TYPE_MISMATCH", REVERSE, body(NORMAL))
    t.ok(world, UNDO, at(made.id))
    assert.equals("ISSUANCE_CANCELLED", status(made.id))
  end)

  it("add up and name both sides", function()
    t.refused(world, "INVALID_REQUEST", DRAFT, body { totalAmount = 1101 })
    local args = body()
    args.body.taxInvoice.supplier = nil
    t.refused(world, "B2B_SUPPLIER_NOT_FOUND", DRAFT, args)
    args.body.taxInvoice.issuanceType = "NORMAL"
    assert.equals("sandbox", t.ok(world, DRAFT, args).taxInvoice.supplier.name)
    local refusal = t.refused(world, "B2B_COUNTERPARTY_NOT_FOUND", DRAFT,
      body { recipient = { counterpartyId = "x" } })
    assert.equals("x", refusal.counterpartyId)
  end)

  it("keep a counterparty that they need", function()
    t.ok(world, C .. "create_b2b_counterparty", counterparty "c")
    local id = make(DRAFT, { issuanceType = "NORMAL", recipient = { counterpartyId = "c" } }).id
    local path = { path = { counterpartyId = "c" } }
    t.refused(world, "B2B_COUNTERPARTY_ONGOING_TAX_INVOICE_EXISTS",
      C .. "delete_b2b_counterparty", path)
    t.ok(world, ISSUE, at(id))
    t.ok(world, SEND, at(id))
    t.ok(world, C .. "delete_b2b_counterparty", path)
  end)

  it("are found by a document key of either side, which is taken once", function()
    local id = make(DRAFT, { supplierDocumentKey = "s-1", recipientDocumentKey = "r-1" }).id
    local by = { taxInvoiceKeyType = "SUPPLIER", brn = "1111111111" }
    assert.equals(id, t.ok(world, GET, at("s-1", by)).id)
    assert.equals(id, t.ok(world, GET, at("r-1", { taxInvoiceKeyType = "RECIPIENT",
      brn = "2222222222" })).id)
    t.refused(world, "B2B_TAX_INVOICE_NOT_FOUND", GET, at("r-1", by))
    t.refused(world, "INVALID_REQUEST", GET, at("s-1", { taxInvoiceKeyType = "SUPPLIER" }))
    t.refused(world, "B2B_TAX_INVOICE_NOT_FOUND", GET, at(id, { test = true }))
    t.refused(world, "B2B_TAX_INVOICE_NOT_FOUND", GET, at("s-1", t.with(by, { test = true })))
    t.refused(world, "B2B_TAX_INVOICE_SUPPLIER_DOCUMENT_KEY_ALREADY_USED", DRAFT,
      body { supplierDocumentKey = "s-1" })
    t.refused(world, "B2B_TAX_INVOICE_RECIPIENT_DOCUMENT_KEY_ALREADY_USED", DRAFT,
      body { recipientDocumentKey = "r-1" })
    make(DRAFT, { supplierDocumentKey = "s-1", supplier = company "3333333333" })
  end)

  it("are changed while they are drafts", function()
    local made = make(DRAFT, { recipientDocumentKey = "r-1" })
    local key = { taxInvoiceKey = "r-1", brn = "2222222222", memo = "m" }
    local changed = make(UPDATE, { totalSupplyAmount = 2000, totalTaxAmount = 200,
      totalAmount = 2200 }, key)
    assert.same({ made.id, 2200, "r-1", "m" },
      { changed.id, changed.totalAmount, changed.recipientDocumentKey, changed.memo })
    make(UPDATE, { recipientDocumentKey = "r-1" }, key)
    t.refused(world, "B2B_TAX_INVOICE_NOT_FOUND", UPDATE, body(nil, { taxInvoiceKey = "x",
      brn = "2222222222" }))
    t.ok(world, REQUEST, at(made.id))
    t.refused(world, "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS", UPDATE, body(nil, key))
  end)

  it("correct another that was sent, taxed the same way", function()
    local id = make(NOW).id
    local function correct(type)
      local args = body(NORMAL, { modification = { type = "RETURN", taxInvoiceKey = type or id,
        taxInvoiceKeyType = "TAX_INVOICE_ID" } })
      return args
    end
    t.refused(world, "B2B_TAX_INVOICE_STATUS_NOT_SENDING_COMPLETED", DRAFT, correct())
    t.ok(world, SEND, at(id))
    t.refused(world, "B2B_ORIGINAL_TAX_INVOICE_NOT_FOUND", DRAFT, correct "x")
    local free = correct()
    free.body.taxInvoice.taxationType = "FREE"
    t.refused(world, "B2B_CANNOT_CHANGE_TAX_TYPE", DRAFT, free)
    local made = t.ok(world, DRAFT, correct()).taxInvoice
    assert.equals("MODIFICATION", made.documentModificationType)
    assert.equals(id, made.modification.rootTaxInvoiceId)
  end)

  it("carry files while they are drafts", function()
    local id = make(DRAFT, NORMAL).id
    local file = t.ok(world, I .. "create_b2b_file_upload_url", { body = { fileName = "a.pdf" } })
    local attach = I .. "attach_b2b_tax_invoice_file"
    t.refused(world, "B2B_FILE_NOT_FOUND", attach, at(id, nil, { fileId = "x" }))
    assert.equals(200, (t.call(world, attach, at(id, nil, { fileId = file.fileId }))))
    local list = t.ok(world, I .. "get_b2b_tax_invoice_attachments", at(id)).attachments
    assert.equals("a.pdf", list[1].name)
    local remove = I .. "delete_b2b_tax_invoice_attachment"
    local path = { path = { taxInvoiceKey = id, attachmentId = list[1].id } }
    assert.equals(200, (t.call(world, remove, path)))
    t.refused(world, "B2B_TAX_INVOICE_ATTACHMENT_NOT_FOUND", remove, path)
    t.call(world, attach, at(id, nil, { fileId = file.fileId }))
    path.path.attachmentId = t.ok(world, I .. "get_b2b_tax_invoice_attachments", at(id))
      .attachments[1].id
    t.ok(world, ISSUE, at(id))
    t.refused(world, "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS", attach,
      at(id, nil, { fileId = file.fileId }))
    t.refused(world, "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS", remove, path)
    for _, what in ipairs { "pdf_download", "popup", "print" } do
      local url = t.ok(world, I .. "get_b2b_tax_invoice_" .. what .. "_url", at(id)).url
      assert.is_truthy(url:find(id, 1, true))
    end
  end)

  it("are listed by what a filter names, in the order asked for", function()
    local a = make(DRAFT, { supplierDocumentKey = "s-a" }).id
    t.advance(world, t.DAY)
    local b = make(NOW, { writeDate = "2026-02-03", totalSupplyAmount = 5000,
      totalAmount = 5100 }).id
    local function found(filter, sort)
      local out = {}
      local list = t.ok(world, LIST, { body = { filter = filter, sort = sort } })
      for i, item in ipairs(list.items) do
        out[i] = item.id == a and "a" or item.id == b and "b" or "?"
      end
      return table.concat(out)
    end
    local function first(p) return { primaryFilter = p } end
    assert.equals("ba", found())
    assert.equals("ab", found(nil, { by = "TOTAL_AMOUNT", order = "ASC" }))
    assert.equals("ab", found(nil, { by = "WRITE_DATE" }))
    assert.equals("a", found { statuses = { "DRAFTED" } })
    assert.equals("b", found { issuanceTypes = { "NORMAL" } })
    assert.equals("a", found { partnerBrn = "1111111111" })
    assert.equals("b", found { partnerBrn = "2222222222" })
    assert.equals("a", found(first { supplierDocumentKey = "s-a" }))
    assert.equals("b", found(first { taxInvoiceIds = { b } }))
    assert.equals("a", found(first {
      dateFilter = { dateRange = { { ["until"] = "2026-01-01" } } } }))
    assert.equals("b", found(first { dateFilter = { dateType = "ISSUE",
      dateRange = { { from = "2026-01-02", ["until"] = "2026-01-02" } } } }))
    assert.equals(500, t.ok(world, LIST).page.size)
    t.refused(world, "INVALID_REQUEST", LIST, { body = { pageSize = 1001 } })
  end)
end)
