# portone: a C core and a small Lua layer, built side by side for several Luas.
#
#   make                         build for Lua 5.4 and LuaJIT   (WORLDS="5.1 5.3" for others)
#   make demo                    a tour of the sandbox: no account, no key, no network
#   make shop                    examples/shop in nginx, against a sandbox, until Ctrl-C
#   make test                    the suite on both              (LUA=5.1, SPECS=spec/x_spec.lua)
#   make check                   linters and rules of the house
#   make asan, make valgrind     the suite under each
#   make oom, make fuzz          failing allocations; bytes of strangers (mk/fuzz.mk)
#   make torture                 100,000 charges through every fault, clients killed at random
#                                (N=, KILLS=, SEED=: see tools/torture.lua)
#   make install                 PREFIX=/usr/local LUA_VERSION=5.4 DESTDIR=   (uninstall too)
#   make docs                    documents and reference as HTML in build/docs
#   make dist, make deb          a source archive with its rockspec; Debian packages
#   eval "$(make -s env LUA=5.4)"   use the build in place

WORLDS = 5.4 luajit
LUA =
SPECS =
# asan or tsan: another build beside the plain one
SAN =
BUILD = build
PREFIX = /usr/local
LUA_VERSION = 5.4
# where the official specs lie
SPEC = ../shared/spec

SYSTEM := $(shell uname -s)
PKG_CONFIG = pkg-config

# What knows nothing of Lua: the sandbox's server is built on it too.
ENGINE = $(filter-out src/l%.c,$(wildcard src/*.c))
CORE = $(ENGINE) $(wildcard src/l*.c)
HTTPD = $(ENGINE) $(wildcard src/sandbox/*.c)

CFLAGS = -O2 -g
# WERROR= for a compiler with new warnings
WERROR = $(if $(filter Linux,$(SYSTEM)),-Werror)
CWARNS = -Wall -Wextra -Wpedantic $(WERROR) -Wshadow -Wpointer-arith -Wcast-align \
  -Wcast-qual -Wwrite-strings -Wundef -Wredundant-decls -Wmissing-prototypes \
  -Wstrict-prototypes -Wold-style-definition -Wdeclaration-after-statement \
  -Wconversion -Wdouble-promotion
# Against what a bug in C could be used for; what a compiler does not take is left out. The
# checks of libc need the optimizer, and the sanitizers bring their own.
takes = $(shell echo | $(CC) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo '$(1)')
fortify = $(if $(SAN)$(findstring FORTIFY,$(CFLAGS)),,$(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)), \
  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
CHARD = $(eval CHARD := -fstack-protector-strong $(fortify) $(call takes,-fcf-protection) \
  $(call takes,-fstack-clash-protection))$(CHARD)
CMODE = -std=c99 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread -MMD -MP -Isrc $(SAN_$(SAN))
# A module stays where it is when the last lua_State closes: libcurl and what lies below it
# allocate again with each load, and never give that back.
LDMODE = $(LDMODE_$(or $(filter Darwin,$(SYSTEM)),ELF))
LDMODE_ELF = -shared -Wl,-z,nodelete -Wl,-z,relro,-z,now
# A bundle, which takes Lua's functions from the program that loads it.
LDMODE_Darwin = -bundle -undefined dynamic_lookup
SAN_asan = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan = -fsanitize=thread -fno-omit-frame-pointer

# A world: the name of its Lua for pkg-config, which has several on the systems there are; the
# first that is known is taken. Lua itself is never linked in: the host brings it.
PC_5.1 = $(call module_of,5.1,lua5.1 lua-5.1 lua51 lua)
PC_5.3 = $(call module_of,5.3,lua5.3 lua-5.3 lua53 lua)
PC_5.4 = $(call module_of,5.4,lua5.4 lua-5.4 lua54 lua)
PC_luajit = luajit
module_of = $(eval PC_$(1) := $(or $(shell for name in $(2); do \
  case $$($(PKG_CONFIG) --modversion $$name 2>/dev/null) in ($(1)*) echo $$name; break;; esac; \
  done),$(firstword $(2))))$(PC_$(1))

worlds = $(or $(LUA),$(WORLDS))
out = $(BUILD)/$(1)$(SAN:%=-%)
core = $(call out,$(1))/portone/core.so
httpd = $(call out,$(1))/portone/sandbox/httpd.so
make = $(MAKE) --no-print-directory
suite_needs = build test $(worlds) $(worlds:%=test-%)

# For the shop, which is driven once; without it those tests wait.
browser = $(if $(filter luajit,$(worlds)),tools/deps.sh optional browser,:)

build: $(foreach w,$(worlds),$(call core,$(w))) $(foreach w,$(worlds),$(call httpd,$(w)))
	@:

define world
$(call out,$(1))/obj/%.o: src/%.c
	@mkdir -p $$(@D)
	@echo 'cc $(1)$(SAN:%=-%) $$<'
	@$$(CC) $$(CFLAGS) $$(CHARD) $$(CMODE) $$(CWARNS) \
	  $$$$($$(PKG_CONFIG) --cflags $$(PC_$(1))) -c -o $$@ $$<

$(call core,$(1)): $(CORE:src/%.c=$(call out,$(1))/obj/%.o)
	@mkdir -p $$(@D)
	@echo 'ld $$@'
	@$$(CC) $$(LDFLAGS) $$(LDMODE) $$(CMODE) -o $$@.new $$^ $$$$($$(PKG_CONFIG) --libs libcurl libcrypto)
	@mv $$@.new $$@

$(call httpd,$(1)): $(HTTPD:src/%.c=$(call out,$(1))/obj/%.o)
	@mkdir -p $$(@D)
	@echo 'ld $$@'
	@$$(CC) $$(LDFLAGS) $$(LDMODE) $$(CMODE) -o $$@.new $$^ \
	  $$$$($$(PKG_CONFIG) --libs libmicrohttpd libcurl libcrypto)
	@mv $$@.new $$@
endef
$(foreach w,$(worlds),$(if $(PC_$(w)),,$(error no such world: $(w) (5.1 5.3 5.4 luajit))))
$(foreach w,$(worlds),$(eval $(call world,$(w))))
-include $(wildcard $(BUILD)/*/obj/*.d $(BUILD)/*/obj/*/*.d)

# Everything is asked whether it is there (in a tenth of a second), and installed if it is not.
deps:
	@tools/deps.sh check $(suite_needs)
	@$(browser)

demo:
	@tools/deps.sh build $(firstword $(worlds))
	@$(make) build LUA=$(firstword $(worlds)) >&2
	@eval "$$($(make) -s env LUA=$(firstword $(worlds)))" && \
	  $(call interpreter,$(firstword $(worlds))) examples/demo.lua

shop:
	@tools/deps.sh build luajit shop
	@$(make) build LUA=luajit >&2
	@exec tools/shop.sh

test:
	@tools/deps.sh $(suite_needs)
	@$(browser)
	@$(make) build
	@tools/suite.sh plain "$(worlds)" $(SPECS)

check:
	@tools/deps.sh check $(suite_needs)
	@$(make) build
	@tools/check.sh

asan:
	@$(make) build SAN=asan
	@tools/suite.sh asan "$(worlds)" $(SPECS)

valgrind:
	@$(make) build
	@tools/suite.sh valgrind "$(worlds)" $(SPECS)

torture:
	@tools/deps.sh $(suite_needs)
	@$(make) build LUA=$(firstword $(worlds))
	@eval "$$($(make) -s env LUA=$(firstword $(worlds)))" && \
	  $(call interpreter,$(firstword $(worlds))) tools/torture.lua

bench:
	@$(make) build
	@tools/bench.sh "$(worlds)"

generate:
	lua5.4 tools/generate.lua $(SPEC)

# The lists of files in the rockspec, after one was added or has gone.
rockspec:
	@lua5.4 tools/rockspec.lua

# For eval: use the build in place, the command too.
quote = '$(subst ','\'',$(1))'
lua = $(or $(LUA),5.4)
env:
	@:$(info export LUA_PATH=$(call quote,$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;))
	@:$(info export LUA_CPATH=$(call quote,$(abspath $(call out,$(lua)))/?.so;;))
	@:$(info export PATH=$(call quote,$(abspath $(call out,$(lua)))/bin):$$PATH)

interpreter = $(if $(filter luajit,$(1)),luajit,lua$(1))

# LUA=luajit installs for LuaJIT, whose modules lie where those of Lua 5.1 do.
install_world = $(or $(LUA),$(LUA_VERSION))
abi = $(install_world:luajit=5.1)
# where Lua looks on the system: LUA_SHARE and LUA_LIB name other places
LUA_SHARE = $(PREFIX)/share/lua/$(abi)
LUA_LIB = $(PREFIX)/lib/lua/$(abi)
MANDIR = $(PREFIX)/share/man
installed_dirs = $(LUA_SHARE)/portone $(LUA_LIB)/portone
# the command, with the Lua that it was installed for
installed_files = $(if $(wildcard bin/portone),$(PREFIX)/bin/portone) \
  $(patsubst man/%,$(MANDIR)/man1/%,$(wildcard man/*.1)) $(completion_files)
install:
	@$(make) build LUA=$(install_world)
	install -d '$(DESTDIR)$(LUA_SHARE)' '$(DESTDIR)$(LUA_LIB)/portone/sandbox'
	cp -R lua/portone '$(DESTDIR)$(LUA_SHARE)/'
	chmod -R u=rwX,go=rX '$(DESTDIR)$(LUA_SHARE)/portone'
	install -m 755 $(call core,$(install_world)) '$(DESTDIR)$(LUA_LIB)/portone/'
	install -m 755 $(call httpd,$(install_world)) '$(DESTDIR)$(LUA_LIB)/portone/sandbox/'
ifneq ($(wildcard bin/portone),)
	install -d '$(DESTDIR)$(PREFIX)/bin'
	sed '1s|.*|#!/usr/bin/env $(call interpreter,$(install_world))|' bin/portone \
	  >'$(DESTDIR)$(PREFIX)/bin/portone'
	chmod 755 '$(DESTDIR)$(PREFIX)/bin/portone'
endif
ifneq ($(wildcard man/*.1),)
	install -d '$(DESTDIR)$(MANDIR)/man1'
	install -m 644 $(wildcard man/*.1) '$(DESTDIR)$(MANDIR)/man1/'
endif
	@$(make) install-completion

uninstall:
	rm -rf $(installed_dirs:%='$(DESTDIR)%')
	rm -f $(installed_files:%='$(DESTDIR)%')

clean:
	rm -rf $(BUILD)

# What the rockspec lists too.
sources:
	@:$(info portone.core $(sort $(CORE)))
	@:$(info portone.sandbox.httpd $(sort $(HTTPD)))

.PHONY: build deps demo shop test check asan valgrind torture bench generate rockspec env install \
  uninstall clean sources
.DELETE_ON_ERROR:
include mk/static.mk mk/soak.mk mk/package.mk mk/command.mk mk/fuzz.mk
