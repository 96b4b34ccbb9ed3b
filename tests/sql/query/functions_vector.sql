SELECT vec_to_string(parse_vec('[1, 2, 3]')) AS a, vec_to_string(parse_vec(NULL)) AS b, vec_to_string('[]') AS c

SELECT parse_vec('1,2')

SELECT vec_l2sq_distance('[1,2,3]', '[2,1,4]') AS a, round(vec_cos_distance('[1,0]', '[0,1]'), 5) AS b, vec_dot_product('[1,2]', '[3,4]') AS c, vec_dim('[1,2,3]') AS d, vec_kth_elem('[1,2]', 1) AS e

SELECT vec_dot_product('[1,2]', '[1]')

SELECT vec_kth_elem('[1,2]', 2)

SELECT vec_to_string(vec_subvector('[1,2,3]', 1, 3)) AS a, vec_to_string(vec_add('[1,2]', '[2,1]')) AS b, vec_to_string(vec_sub('[1,2]', '[2,1]')) AS c, vec_to_string(vec_mul('[1,2]', '[2,1]')) AS d, vec_to_string(vec_div('[1,2]', '[2,1]')) AS e, vec_to_string(vec_scalar_add(1, '[1,2]')) AS f, vec_to_string(vec_scalar_mul(2, '[1,2]')) AS g, vec_to_string(vec_norm('[3,4]')) AS h

SELECT vec_elem_sum('[1,2,3]') AS a, vec_elem_avg('[1,2,3]') AS b, vec_elem_product('[1,2,4]') AS c, vec_elem_sum(NULL) AS d

SELECT vec_to_string(vec_sum(v)) AS a, vec_to_string(vec_avg(v)) AS b, vec_to_string(vec_product(v)) AS c FROM (VALUES ('[1,2,3]'), (NULL), ('[5,4,7]')) t(v)

SELECT ipv4_string_to_num('192.168.1.1') AS a, ipv4_num_to_string(3232235777) AS b, ipv4_to_cidr('172.16') AS c, ipv4_to_cidr('10.0.0.1', 16) AS d, ipv4_in_range('10.0.0.1', '10.0.0.0/8') AS e, ipv4_in_range('11.0.0.1', '10.0.0.0/8') AS f, ipv6_in_range('2001:db8::1', '2001:db8::/32') AS g, ipv4_string_to_num(NULL) AS h

SELECT ipv4_string_to_num('1.2.3')

SELECT encode(ipv6_string_to_num('::1'), 'hex') AS a, encode(ipv6_string_to_num('1.2.3.4'), 'hex') AS b, ipv6_num_to_string('20010db8000000000000000000000001') AS c, ipv6_to_cidr('::1') AS d, ipv6_to_cidr('2001:db8::', 32) AS e

SELECT geohash(37.76938, -122.3889, 9) AS a, geohash_neighbours(37.76938, -122.3889, 5) AS b, wkt_point_from_latlng(37.76938, -122.3889) AS c

SELECT geohash(1, 1, 13)
