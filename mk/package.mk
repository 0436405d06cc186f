# Documents and packages.
#
#   make docs      build/docs: the pages of docs/ and the reference as HTML
#   make dist      build/dist: portone-VERSION.tar.gz and a rockspec for it (URL= where it will lie)
#   make deb       build/deb: Debian packages

VERSION = $(shell sed -n 's/^return "\(.*\)"$$/\1/p' lua/portone/version.lua)
URL =

docs:
	@tools/deps.sh docs
	@lua5.4 tools/docs.lua $(BUILD)/docs

dist:
	@tools/dist.sh $(VERSION) $(BUILD)/dist $(URL)

deb:
	@tools/deps.sh build 5.1 5.3 5.4 deb
	@tools/deb.sh $(BUILD)/deb

.PHONY: docs dist deb
