-- A card for each member of november.csv, for the prompt:
--   portone repl --account --env sandbox.env <members.lua

do
  local cards = require("portone.sandbox.cards").public()
  for i = 1, 20 do
    local card = i % 10 == 0 and cards.declined or cards.success
    assert(issue_billing_key { customer_uid = ("member-%02d"):format(i), expiry = card.expiry,
      card_number = card.card_number, birth = card.birth, pwd_2digit = card.pwd_2digit })
  end
end
print "20 members have a card"
