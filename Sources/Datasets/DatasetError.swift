/// Data that cannot be used, or cannot be found.
public enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// Not one of these files is in the folder.
  case missingFiles(dataset: String, names: [String], folder: String)
  case unreadable(path: String, reason: String)
  /// A file of a packed data set is not what was written.
  case damaged(path: String, problem: String)
  /// The file ends inside a record, or holds none.
  case notWholeRecords(path: String, bytes: Int, recordBytes: Int)
  case labelOutOfRange(path: String, record: Int, label: Int, classes: Int)
  /// Words before the colon that name no data set.
  case unknownSource(String, suggestion: String?)
  /// A data set that this version cannot read yet.
  case notYetAvailable(String)
  case badSource(String, rule: String)
  /// The data set has no part to test on.
  case noTestPart(String)
  /// One picture of a data set.
  case badImage(name: String, reason: String)

  public var description: String {
    switch self {
    case .missingFiles(let dataset, let names, let folder):
      return "\(dataset): \(folder) holds none of \(names.joined(separator: ", ")); "
        + "name the folder of the original binary files"
    case .unreadable(let path, let reason):
      return "\(path) cannot be read: \(reason)"
    case .damaged(let path, let problem):
      return "\(path) is damaged: \(problem)"
    case .notWholeRecords(let path, let bytes, let recordBytes):
      let records = max(1, (bytes + recordBytes / 2) / recordBytes)
      return "\(path) has \(bytes) bytes, which is not a whole number of records of \(recordBytes) bytes: "
        + "the nearest is \(records) \(records == 1 ? "record" : "records"), \(records * recordBytes) bytes; "
        + "fetch the file again"
    case .labelOutOfRange(let path, let record, let label, let classes):
      return "\(path): record \(record) (counting from 0) has label \(label), "
        + "labels go from 0 to \(classes - 1); fetch the file again"
    case .unknownSource(let text, let suggestion):
      let hint = suggestion.map { "; did you mean \($0)?" } ?? ""
      return "data source '\(text)' is unknown, there are \(DatasetSource.forms.joined(separator: ", "))"
        + hint
    case .notYetAvailable(let form):
      return "data source \(form) is not available in this version; "
        + "use \(DatasetSource.available.joined(separator: ", "))"
    case .badSource(let text, let rule):
      return "data source '\(text)': \(rule)"
    case .noTestPart(let text):
      return "data source '\(text)' has no images to test on"
    case .badImage(let name, let reason):
      return "\(name) cannot be used: \(reason)"
    }
  }
}
