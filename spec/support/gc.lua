-- A busted helper: the collector starts its next cycle as soon as one is done, so that whatever
-- is freed too early is found by the sanitizers.
collectgarbage("setpause", 0)
