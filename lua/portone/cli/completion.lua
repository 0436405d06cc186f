-- SPDX-License-Identifier: MIT
-- Completion scripts: what argparse makes of the commands and options, and the operations' names
-- where it makes nothing of them.

local M = {}

local bash = [=[

_portone_operations() {
    _portone
    if [[ $COMP_CWORD = 2 && ${COMP_WORDS[1]} = @(call|describe) && ${COMP_WORDS[2]} != -* ]]; then
        COMPREPLY=($(compgen -W "%s" -- "${COMP_WORDS[2]}"))
    fi
}

complete -F _portone_operations -o bashdefault -o default portone
]=]

local fish = [[

complete -c portone -n '__fish_portone_using_command call' -xa '%s'
complete -c portone -n '__fish_portone_using_command describe' -xa '%s'
]]

local function filled(text, names)
  return (text:gsub("%%s", function() return names end))
end

---The script for a shell.
---@param parser table     of portone.cli
---@param shell "bash"|"zsh"|"fish"
---@param names string[]   of all operations
---@return string
function M.script(parser, shell, names)
  local text, list = parser["get_" .. shell .. "_complete"](parser), table.concat(names, " ")
  if shell == "bash" then
    return "shopt -s extglob\n" .. text .. filled(bash, list)
  elseif shell == "fish" then
    return text .. filled(fish, list)
  end
  return text
end

return M
