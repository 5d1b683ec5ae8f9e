-- After generation.lua. KEYS: the space's generation, the value. ARGV: version, bytes, lifetime in ms, channel, message.
-- Puts the value in the place of an older one. Where there is none, only its version is kept, so that an older value
-- can't come there: this may be told late, and what was there meanwhile may be lost.
-- Tells of it in any case: whoever has an older one forgets it.
local kept = redis.call('HMGET', KEYS[2], 'generation', 'version')
if kept[1] ~= generation then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'generation', generation, 'version', ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
elseif tonumber(kept[2]) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[2], 'version', ARGV[1])
  if redis.call('HEXISTS', KEYS[2], 'bytes') == 1 then
    redis.call('HSET', KEYS[2], 'bytes', ARGV[2])
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
