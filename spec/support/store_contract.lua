-- SPDX-License-Identifier: MIT
-- What every store of a ledger must do, whatever it keeps its texts in.

---@param it function        the spec's own, and
---@param assert table
---@param open fun(): table  a store, a new connection to the same place each time; the first
---  time empty
return function(it, assert, open)
  it("adds what is not there, once", function()
    local store = open()
    assert.is_true(store:add("a", "one"))
    assert.is_false(store:add("a", "two"))
    local text, version = store:read "a"
    assert.equal("one", text)
    assert.equal(1, version)
    assert.is_nil((store:read "b"))
    assert.is_nil((select(2, store:read "b")))
  end)

  it("writes over the version that was read, and over no other", function()
    local store, other = open(), open()
    assert.is_false(store:write("c", 1, "none", true))
    assert.is_true(store:add("c", "one"))
    assert.is_true(other:write("c", 1, "two", true))
    assert.is_false(store:write("c", 1, "three", true))
    local text, version = store:read "c"
    assert.same({ "two", 2 }, { text, version })
    assert.is_true(store:write("c", 2, "four", true))
    assert.same({ "four", 3 }, { other:read "c" })
  end)

  it("lists what is open, in order, page by page", function()
    local store = open()
    for _, id in ipairs { "l-3", "l-1", "l-2", "l-4" } do
      assert.is_true(store:add(id, "x"))
    end
    assert.is_true(store:write("l-2", 1, "y", false))
    local all, after = {}, "l"
    repeat
      local page = assert(store:unsettled(after, 2))
      for _, id in ipairs(page) do all[#all + 1] = id end
      after = page[#page]
    until #page < 2
    assert.same({ "l-1", "l-3", "l-4" }, all)
    assert.is_true(store:write("l-2", 2, "z", true))
    assert.same({ "l-1", "l-2", "l-3" }, store:unsettled("l", 3))
    assert.is_true(#store:unsettled(nil, 100) >= 4)
  end)

  it("keeps any text under any name", function()
    local store = open()
    local text = ("quote ' and \" and \\ %s 한글 \n"):rep(500)
    for _, id in ipairs { "it's", 'a "b"', "주문 1", "%_", ("x"):rep(255), "--; DROP TABLE x" } do
      assert.is_true(store:add(id, text))
      assert.equal(text, (store:read(id)))
      assert.is_true(store:write(id, 1, id, false))
      assert.equal(id, (store:read(id)))
    end
  end)
end
