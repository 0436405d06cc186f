-- SPDX-License-Identifier: MIT
-- Certificates made by openssl in a temporary folder, which goes when 'remove' is called.
--
--   local c = certificates.new()
--   c:issue("good", { names = "DNS:localhost,IP:127.0.0.1" })  -> { key =, certificate = }
--   c.ca, c.other_ca                                            files
--   c:remove()

local certificates = {}
certificates.__index = certificates

local function quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

-- Not under the tools that this process may be run under: openssl is not theirs to judge.
local function run(command)
  local status = os.execute("env -u LD_PRELOAD " .. command .. " >/dev/null 2>&1")
  assert(status == true or status == 0, "failed: " .. command)
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local config = [[
[ca]
default_ca = the_ca
[the_ca]
database = DIR/NAME.index
serial = DIR/NAME.serial
new_certs_dir = DIR
certificate = DIR/NAME.pem
private_key = DIR/NAME.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
]]

local function key(path)
  run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out " .. quote(path))
end

function certificates:authority(name)
  local base = self.dir .. "/" .. name
  write(base .. ".cnf", (config:gsub("DIR", self.dir):gsub("NAME", name)))
  write(base .. ".index", "")
  write(base .. ".serial", "1000")
  key(base .. ".key")
  run(("openssl req -x509 -new -key %s -subj %s -days 30 -out %s"):format(quote(base .. ".key"),
    quote("/CN=Test CA " .. name), quote(base .. ".pem")))
  return base .. ".pem"
end

function certificates.new()
  local pipe = io.popen("mktemp -d", "r")
  local dir = pipe:read("*l")
  pipe:close()
  local self = setmetatable({ dir = assert(dir) }, certificates)
  self.ca = self:authority("ca")
  self.other_ca = self:authority("other")
  return self
end

---@param name string
---@param o { names: string, from?: string, to?: string, by?: string, self_signed?: boolean }
function certificates:issue(name, o)
  local base = self.dir .. "/" .. name
  key(base .. ".key")
  local request = ("openssl req -new -key %s -subj %s -addext %s"):format(quote(base .. ".key"),
    quote("/CN=" .. name), quote("subjectAltName=" .. o.names))
  if o.self_signed then
    run(request .. " -x509 -days 30 -out " .. quote(base .. ".pem"))
  else
    run(request .. " -out " .. quote(base .. ".csr"))
    local by = o.by or "ca"
    run(("openssl ca -batch -notext -config %s -startdate %s -enddate %s -in %s -out %s"):format(
      quote(self.dir .. "/" .. by .. ".cnf"), o.from or "20200101000000Z",
      o.to or "20990101000000Z", quote(base .. ".csr"), quote(base .. ".pem")))
  end
  return { key = base .. ".key", certificate = base .. ".pem" }
end

function certificates:remove()
  run("rm -rf " .. quote(self.dir))
end

return certificates
