-- After generation.lua. KEYS: the space's generation, the value. Gives the generation, and the value's bytes if they
-- were kept under it.
local kept = redis.call('HMGET', KEYS[2], 'generation', 'bytes')
return { generation, kept[1] == generation and kept[2] }
