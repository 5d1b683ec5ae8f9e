-- KEYS: the generations of spaces. ARGV: channel and message, where somebody is to be told.
-- Each becomes the time, and in any case a later one than it was: what is kept under it is void.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for _, key in ipairs(KEYS) do
  local known = tonumber(redis.call('GET', key) or '0')
  redis.call('SET', key, string.format('%.0f', math.max(known + 1, now)))
end
if ARGV[1] then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return 1
