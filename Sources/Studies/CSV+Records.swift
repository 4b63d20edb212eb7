import Foundations

extension CSV {
  /// A row for each record, with the keys of the first as titles.
  init(records: [[(key: String, value: JSONValue)]]) {
    self.init(titles: records.first.map { $0.map(\.key) } ?? [])
    for record in records { append(record.map(\.value.cell)) }
  }
}
