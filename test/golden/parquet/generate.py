# Parquet files with pages far smaller than usual: version 1 and 2 of data pages, with and without
# a dictionary. Row r of every column follows from r alone (parquet-cursor.test.ts).
# python test/golden/parquet/generate.py (pyarrow)
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 700
rows = range(ROWS)
table = pa.table(
    {
        "flat": pa.array([r for r in rows], pa.int64()),
        "sparse": pa.array([None if r % 3 == 0 else r / 2 for r in rows], pa.float64()),
        "text": pa.array([f"row {r % 5}" for r in rows]),
        "vector": pa.array([[r + i / 10 for i in range(7)] for r in rows], pa.list_(pa.float32())),
        "ragged": pa.array([[r] * (r % 4) for r in rows], pa.list_(pa.int32())),
        "matrix": pa.array([[[r, 1], [2, r]] for r in rows], pa.list_(pa.list_(pa.int16()))),
        "picture": pa.array([{"bytes": bytes([r % 256]), "path": f"{r}.png"} for r in rows]),
    }
)
for version in ["1.0", "2.0"]:
    for dictionary in [True, False]:
        name = f"pages-{version[0]}{'-dictionary' if dictionary else ''}.parquet"
        pq.write_table(
            table,
            Path(__file__).parent / name,
            data_page_size=300,
            data_page_version=version,
            use_dictionary=dictionary,
            write_batch_size=50,
            row_group_size=500,
        )
