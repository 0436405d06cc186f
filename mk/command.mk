# The command `portone` in the build, told the interpreter of its world; and its completion for the
# shells, where lua-argparse is there to make it.

command = $(call out,$(1))/bin/portone

define command_world
$(call command,$(1)): bin/portone
	@mkdir -p $$(@D)
	@sed '1s|.*|#!/usr/bin/env $(call interpreter,$(1))|' $$< >$$@.new
	@chmod 755 $$@.new && mv $$@.new $$@
endef
$(foreach w,$(worlds),$(eval $(call command_world,$(w))))

build: $(foreach w,$(worlds),$(call command,$(w)))

completion_files = $(PREFIX)/share/bash-completion/completions/portone \
  $(PREFIX)/share/zsh/site-functions/_portone $(PREFIX)/share/fish/vendor_completions.d/portone.fish

install-completion:
	@eval "$$($(make) -s env LUA=$(install_world))"; \
	portone completion bash >/dev/null 2>&1 || exit 0; \
	set -- bash zsh fish; \
	for file in $(completion_files:%='$(DESTDIR)%'); do \
	  install -d "$${file%/*}" && portone completion $$1 >"$$file" || exit 1; shift; \
	done

.PHONY: install-completion
