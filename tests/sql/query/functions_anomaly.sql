-- Scores of anomalies: how far a value is from those of its frame.

CREATE TABLE load (ts TIMESTAMP TIME INDEX, host STRING, x DOUBLE, PRIMARY KEY (host));

INSERT INTO load VALUES (1, 'a', 1), (2, 'a', 2), (3, 'a', 3), (4, 'a', 4), (5, 'a', 100), (6, 'a', NULL), (1, 'b', 0.1), (2, 'b', 0.1), (3, 'b', 0.1), (4, 'b', 0.2), (1, 'c', 7);

SELECT host, x, round(anomaly_score_zscore(x) OVER (PARTITION BY host), 4) AS z, round(anomaly_score_mad(x) OVER (PARTITION BY host), 4) AS mad, anomaly_score_iqr(x, 1.5) OVER (PARTITION BY host) AS iqr FROM load ORDER BY host, ts;

-- Only earlier values: the one that is looked at is not in the frame.
SELECT x, round(anomaly_score_zscore(x) OVER w, 4) AS z, round(anomaly_score_mad(x) OVER w, 4) AS mad, anomaly_score_iqr(x, 0) OVER w AS iqr FROM load WHERE host = 'b'
  WINDOW w AS (ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) ORDER BY ts;

SELECT DISTINCT anomaly_score_iqr(x, -1) OVER (), anomaly_score_iqr(x, NULL) OVER () FROM load;

SELECT anomaly_score_zscore(x) FROM load;

SELECT anomaly_score_mad(host) OVER () FROM load;

SELECT anomaly_score_mad(x, 1) OVER () FROM load;

DROP TABLE load;
