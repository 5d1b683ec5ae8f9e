-- KEYS: the space's generation, the value. ARGV: the generation it was loaded in, version, bytes, lifetime in ms.
-- Refused where the generation is another one by now, and where a newer version is kept.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local kept = redis.call('HMGET', KEYS[2], 'generation', 'version')
if kept[1] == ARGV[1] and tonumber(kept[2]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[2], 'generation', ARGV[1], 'version', ARGV[2], 'bytes', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
