-- Places: geohash, cells of H3 and S2, shapes as well-known text, paths.

SELECT geohash(37.76938, -122.3889, 9), geohash(0, 0, 1), geohash(NULL, 0, 1);

SELECT geohash_neighbours(37.76938, -122.3889, 9);

SELECT geohash(1, 2, 13);

SELECT geohash(91, 2, 3);

SELECT wkt_point_from_latlng(37.76938, -122.3889), wkt_point_from_latlng(NULL, 1);

SELECT h3_latlng_to_cell(37.76938, -122.3889, 1), h3_latlng_to_cell_string(37.76938, -122.3889, 1), h3_latlng_to_cell(37.76938, -122.3889, NULL);

SELECT h3_latlng_to_cell(37.76938, -122.3889, 16);

SELECT h3_latlng_to_cell('NaN'::double, -122.3889, 1);

SELECT h3_cell_to_string(581672437419081727), h3_cell_to_string('0x81283ffffffffff'), h3_string_to_cell('81283ffffffffff'), h3_string_to_cell(NULL);

SELECT h3_string_to_cell('nowhere');

SELECT h3_cell_is_pentagon(5);

SELECT h3_cell_resolution(581672437419081727), h3_cell_base(581672437419081727), h3_cell_is_pentagon(581672437419081727), h3_cell_is_pentagon('8009fffffffffff');

SELECT round(e, 6) FROM (SELECT h3_cell_center_latlng('81283ffffffffff')[1] AS e);

SELECT h3_cell_parent(581672437419081727, 0), h3_cell_parent(581672437419081727, 5), h3_cell_center_child(581672437419081727, 2), h3_cell_center_child(581672437419081727, 0);

SELECT h3_cell_to_children(581672437419081727, 2), h3_cell_to_children(581672437419081727, 0), h3_cell_to_children_size(581672437419081727, 15), h3_cell_to_children_size('8009fffffffffff', 1);

SELECT h3_cell_to_children(581672437419081727, 15);

SELECT h3_cell_to_child_pos(h3_child_pos_to_cell(25, 581672437419081727, 3), 1), h3_child_pos_to_cell(343, 581672437419081727, 3);

SELECT h3_cells_contains('81283ffffffffff, 81287ffffffffff', h3_cell_center_child(581672437419081727, 3)), h3_cells_contains([581672437419081727], '81287ffffffffff'),
  h3_cells_contains(['81283ffffffffff'], '81283ffffffffff'), h3_cells_contains([], '81283ffffffffff'), h3_cells_contains('', '81283ffffffffff');

SELECT h3_grid_disk(581672437419081727, 0), array_length(h3_grid_disk(581672437419081727, 2)), array_length(h3_grid_disk('8009fffffffffff', 1)), h3_grid_disk_distances(581672437419081727, 1);

SELECT h3_grid_disk(581672437419081727, 501);

SELECT h3_grid_distance(h3_latlng_to_cell(37.76938, -122.3889, 8), h3_latlng_to_cell(37.8, -122.4, 8)), h3_grid_path_cells(h3_latlng_to_cell(37.76938, -122.3889, 8), h3_latlng_to_cell(37.8, -122.4, 8));

SELECT h3_grid_distance('81283ffffffffff', '8009fffffffffff');

SELECT round(h3_distance_sphere_km(h3_latlng_to_cell(37.76938, -122.3889, 8), h3_latlng_to_cell(37.8, -122.4, 8)), 6), round(h3_distance_degree(h3_latlng_to_cell(37.76938, -122.3889, 8), h3_latlng_to_cell(37.8, -122.4, 8)), 9);

SELECT s2_latlng_to_cell(37.76938, -122.3889), s2_cell_level(s2_latlng_to_cell(37.76938, -122.3889)), s2_cell_to_token(s2_latlng_to_cell(37.76938, -122.3889)), s2_cell_parent(s2_latlng_to_cell(37.76938, -122.3889), 3), s2_cell_level(NULL);

SELECT s2_cell_level(0);

SELECT s2_cell_parent(9277415232383221760, 4);

SELECT st_contains('POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))', 'POINT(5 5)'), st_contains('POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))', 'POINT(0 5)'), st_within('POINT(5 5)', 'POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))'),
  st_intersects('LINESTRING(0 0, 1 1)', 'LINESTRING(0 1, 1 0)'), st_intersects('POINT(0 0)', 'POINT(1 1)'), st_intersects(NULL, 'POINT(1 1)');

SELECT st_contains('LINESTRING(0 0', 'POINT(5 5)');

SELECT st_area('POLYGON((0 0, 1 1, 0 1, 1 0, 0 0))');

SELECT st_distance('POINT(0 0)', 'POINT(3 4)'), st_distance('POINT EMPTY', 'POINT(3 4)'), st_area('POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))'), st_area('POINT(1 1)'),
  round(st_distance_sphere_m(wkt_point_from_latlng(37.76938, -122.3889), wkt_point_from_latlng(38.5216, -121.4247)), 3);

SELECT st_distance_sphere_m('LINESTRING(0 0, 1 1)', 'POINT(1 1)');

CREATE TABLE walk (ts TIMESTAMP TIME INDEX, lat DOUBLE, lon DOUBLE, who STRING, PRIMARY KEY (who));

INSERT INTO walk VALUES (2, 37.76938, -122.3889, 'a'), (1, 37.5, -122.25, 'a'), (3, NULL, 1, 'a'), (4, 1, 2, 'b');

SELECT who, json_encode_path(lat, lon, ts) FROM walk GROUP BY who ORDER BY who;

SELECT geo_path(lat, lon, ts) FROM walk WHERE who = 'a';

SELECT json_encode_path(lat, lon, ts), geo_path(lat, lon, ts) FROM walk WHERE who = 'c';

DROP TABLE walk;
