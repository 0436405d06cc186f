-- SPDX-License-Identifier: MIT
-- The parameters of IMP.certification, from its page (sdk v1, javascript-sdk/cft).

local str = { type = "string" }

return {
  channelKey = str,
  pg = { type = "string", deprecated = true, max = 80 },
  merchant_uid = { type = "string", required = true, min = 1, max = 40 },
  min_age = { type = "number", min = 0 },
  name = str, phone = str,
  carrier = { type = "string", enum = { "SKT", "KTF", "LGT", "MVNO" } },
  company = str,
  m_redirect_url = str,
  popup = { type = "boolean" },
  bypass = { type = "object" },
}
