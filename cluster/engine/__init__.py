"""The workshop: texts and arrays in, arrays out. It knows no SQL, no Flask and no idea table."""
