# make oom                    memory fails at every allocation in turn, over all paths of the core,
#                             SECONDS=60 for each world and way: see tools/oom.sh
# make fuzz                   libFuzzer on what reads the bytes of strangers, SECONDS=60 for each:
#                             TARGETS="json url", LUA=luajit; see fuzz/*.c
#
# The fuzzers' own build: clang, with coverage and sanitizers in everything that is ours.

FUZZ_TARGETS = json webhook url header answer
FUZZ_CC = clang
FUZZ_FLAGS = -std=c99 -D_GNU_SOURCE -O1 -g -pthread -MMD -MP -Isrc -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_at = $(BUILD)/fuzz/$(lua)
fuzz_lua = $$(pkg-config --cflags $(PC_$(lua)))

$(fuzz_at)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(fuzz_lua) -c -o $@ $<

$(fuzz_at)/%.o: fuzz/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_FLAGS) $(CWARNS) $(fuzz_lua) -c -o $@ $<

$(fuzz_at)/%: $(fuzz_at)/%.o $(fuzz_at)/support.o $(fuzz_at)/server.o \
    $(CORE:src/%.c=$(fuzz_at)/obj/%.o)
	@echo 'ld $@'
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ \
	  $$(pkg-config --libs $(PC_$(lua)) libcurl libcrypto)

-include $(wildcard $(fuzz_at)/*.d $(fuzz_at)/obj/*.d)

fuzzers: $(FUZZ_TARGETS:%=$(fuzz_at)/%)
	@:

fuzz:
	@tools/deps.sh check build $(lua)
	@BUILD=$(BUILD) tools/fuzz.sh $(SECONDS) $(lua) $(TARGETS)

oom:
	@tools/deps.sh $(suite_needs)
	@BUILD=$(BUILD) tools/oom.sh $(SECONDS) "$(worlds)"

.PHONY: fuzz fuzzers oom
.SECONDARY: $(FUZZ_TARGETS:%=$(fuzz_at)/%.o) $(fuzz_at)/support.o $(fuzz_at)/server.o \
  $(CORE:src/%.c=$(fuzz_at)/obj/%.o)
