-- PROTOCOLS

SET datestyle = ISO, DMY

SHOW datestyle

SET datestyle = 'SQL'

SHOW datestyle

SET datestyle = nonsense

SET intervalstyle = iso_8601

SHOW intervalstyle

SET intervalstyle = nonsense
