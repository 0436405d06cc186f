# The command `portone`: its script, told the interpreter of a world, the man page, and completion
# for the shells, where lua-argparse is there to make it.

command = $(call out,$(1))/bin/portone

define command_world
$(call command,$(1)): bin/portone
	@mkdir -p $$(@D)
	@sed '1s|^#!.*|#!/usr/bin/env $(call interpreter,$(1))|' $$< >$$@.new
	@chmod 755 $$@.new && mv $$@.new $$@
endef
$(foreach w,$(worlds),$(eval $(call command_world,$(w))))

build: $(foreach w,$(worlds),$(call command,$(w)))

data = $(DESTDIR)$(PREFIX)/share
installed_command = $(call interpreter,$(install_world)) bin/portone
install-command:
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(data)/man/man1'
	install -m 755 $(call command,$(install_world)) '$(DESTDIR)$(PREFIX)/bin/'
	install -m 644 man/portone.1 '$(data)/man/man1/'
	@eval "$$($(make) -s env LUA=$(install_world))"; \
	complete() { \
	  install -d "$$2" && $(installed_command) completion $$1 >"$$2/$$3" && echo "install $$3"; \
	}; \
	if $(installed_command) completion bash >/dev/null 2>&1; then \
	  complete bash '$(data)/bash-completion/completions' portone; \
	  complete zsh '$(data)/zsh/site-functions' _portone; \
	  complete fish '$(data)/fish/vendor_completions.d' portone.fish; \
	fi

.PHONY: install-command
