-- KEYS: the space's generation, the value. Gives the generation, and the value's bytes if they were kept under it.
local generation = redis.call('GET', KEYS[1])
if not generation then
  local time = redis.call('TIME')
  generation = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', KEYS[1], generation)
end
local kept = redis.call('HMGET', KEYS[2], 'generation', 'bytes')
return { generation, kept[1] == generation and kept[2] }
