-- KEYS: the space's generation, the value. ARGV: version, bytes, lifetime in ms, channel, message.
-- Keeps the value unless a newer version is kept, and tells of it in any case: whoever has an older one forgets it.
local generation = redis.call('GET', KEYS[1])
if not generation then
  local time = redis.call('TIME')
  generation = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', KEYS[1], generation)
end
local kept = redis.call('HMGET', KEYS[2], 'generation', 'version')
if not (kept[1] == generation and tonumber(kept[2]) > tonumber(ARGV[1])) then
  redis.call('HSET', KEYS[2], 'generation', generation, 'version', ARGV[1], 'bytes', ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
