# libportone.a for programs that link Lua statically: one luaopen_portone, the Lua files inside,
# nothing beside the program. And a program of that kind, which the suite runs.
#
#   make static    build/<world>/libportone.a
#   make tsan      16 lua_States on 16 threads under ThreadSanitizer
#   cc game.c -Lbuild/5.4 -lportone -l:liblua5.4.a -lcjson -lcurl -lcrypto -lpthread -lm -ldl
#
# The sandbox is for tests, the command for a shell: both stay outside.

EMBEDDED = $(filter-out lua/portone/sandbox/% lua/portone/cli.lua lua/portone/cli/%, \
  $(shell find lua/portone -name '*.lua' | LC_ALL=C sort))
archive = $(call out,$(1))/libportone.a
host = $(call out,$(1))/host

define static_world
$(call out,$(1))/static/embedded.c: mk/embed.lua $(EMBEDDED)
	@mkdir -p $$(@D)
	@lua5.4 mk/embed.lua $$@ $(EMBEDDED)

$(call out,$(1))/static/embedded.o: $(call out,$(1))/static/embedded.c src/static/embedded.h
	@echo 'cc $(1)$(SAN:%=-%) embedded Lua files'
	@$$(CC) -Os -fPIC -Isrc/static -c -o $$@ $$<

$(call archive,$(1)): $(CORE:src/%.c=$(call out,$(1))/obj/%.o) \
    $(call out,$(1))/obj/static/lstatic.o $(call out,$(1))/static/embedded.o
	@echo 'ar $$@'
	@rm -f $$@
	@ar rcs $$@ $$^

$(call host,$(1)): spec/host/host.c $(call archive,$(1)) mk/static.mk
	@echo 'ld $$@'
	@$$(CC) $$(CFLAGS) -std=c99 -D_GNU_SOURCE -pthread $$(CWARNS) $$(SAN_$(SAN)) \
	  $$$$($$(PKG_CONFIG) --cflags $$(PC_$(1))) -o $$@ $$(filter-out %.mk,$$^) -Wl,--whole-archive $(STATIC_$(1)) \
	  -Wl,--no-whole-archive -rdynamic \
	  $$$$($$(PKG_CONFIG) --libs libcurl libcrypto) -lm -ldl
endef

# Debian has lua-cjson as an archive only in its -dev package; the shared one does for the suite.
STATIC_5.4 = -l:liblua5.4.a -Wl,--no-whole-archive,--no-as-needed -l:liblua5.4-cjson.so.0
STATIC_5.3 = -l:liblua5.3.a -Wl,--no-whole-archive,--no-as-needed -l:liblua5.3-cjson.so.0
STATIC_5.1 = -l:liblua5.1.a -Wl,--no-whole-archive,--no-as-needed -l:liblua5.1-cjson.so.0
STATIC_luajit = -l:libluajit-5.1.a -Wl,--no-whole-archive,--no-as-needed -l:liblua5.1-cjson.so.0

$(foreach w,$(worlds),$(eval $(call static_world,$(w))))

static: $(foreach w,$(worlds),$(call archive,$(w)))
	@:

host: $(foreach w,$(worlds),$(call host,$(w)))
	@:

# Shadow memory needs its place in the address space, which randomization can take.
in_place = $(shell setarch -R true 2>/dev/null && echo setarch -R)
tsan:
	@$(make) host SAN=tsan
	@$(in_place) lua5.4 spec/host/run.lua $(foreach w,$(worlds),$(BUILD)/$(w)-tsan/host)

.PHONY: static host tsan
