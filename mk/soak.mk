# make soak                   everything that waits, mixed, for SECONDS=60: fails when memory,
#                             descriptors or threads grow

SECONDS = 60

soak:
	@$(make) build
	@$(make) build LUA=luajit
	@for world in $(worlds); do \
	  (eval "$$($(make) -s env LUA=$$world)"; echo "== $$world"; \
	  $$(echo lua$$world | sed s/lualuajit/luajit/) spec/soak.lua $(SECONDS)) || exit 1; \
	done

.PHONY: soak
