import Foundations
import Tensors

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
  case badSource(String, rule: String)
  /// Nothing of the data set can be classified.
  case notClassifiable(String, ClassificationGap)
  /// The data has other parts, which are these.
  case noPart(DataPart, of: String, parts: [DataPart])
  /// One image of a data set.
  case badImage(name: String, reason: String)
  /// Neighbours that cannot be used, so many that none is looked for any further.
  case badRun(first: String, count: Int, last: String, reason: String)
  /// A folder that is not laid out as it should be; a whole sentence.
  case badTree(String)
  /// Class folders of a list that are not in a folder; `of`: how many the list has.
  case missingClasses(folder: String, missing: [String], of: Int, tree: String)
  case noImages(folder: String)
  /// A list of images without a line.
  case noListedImages(String)
  /// A line, counted from 1, of a list of classes.
  case badLine(path: String, line: Int, problem: String)
  /// A list of classes for data whose classes are fixed.
  case noClassList(String)
  /// Everything that is wrong with the files of `source`, which has `total`, in the order of their names.
  case faults([DataFault], total: Int, source: String)

  public var description: String {
    switch self {
    case .missingFiles(let dataset, let names, let folder):
      return "\(dataset): \(folder) holds none of \(names.joined(separator: ", ")); "
        + "name the folder of the original binary files"
    case .unreadable(let path, let reason):
      // Words of a command line are text: what was none has become U+FFFD.
      let isText = !path.unicodeScalars.contains("\u{FFFD}")
      return "\(path) cannot be read: \(reason)"
        + (isText ? "" : "; its name is not UTF-8: rename it, or make a link to it and name that")
    case .damaged(let path, let problem):
      return "\(path) is damaged: \(problem)"
    case .notWholeRecords(let path, let bytes, let recordBytes):
      let records = max(1, (bytes + recordBytes / 2) / recordBytes)
      return "\(path) has \(bytes) bytes, which is not a whole number of records of \(recordBytes) bytes: "
        + "the nearest is \(records) \(records == 1 ? "record" : "records"), \(records * recordBytes) bytes; "
        + "download the file again"
    case .labelOutOfRange(let path, let record, let label, let classes):
      return "\(path): record \(record) (counting from 0) has label \(label), "
        + "labels go from 0 to \(classes - 1); download the file again"
    case .unknownSource(let text, let suggestion):
      let hint = suggestion.map { "; did you mean \($0)?" } ?? ""
      return "data source '\(text)' is unknown, there are \(DataKind.forms.joined(separator: ", "))"
        + hint
    case .badSource(let text, let rule):
      return "data source '\(text)': \(rule)"
    case .notClassifiable(let text, let gap):
      return "data source '\(text)' has \(gap.words)"
    case .noPart(let part, let text, let parts):
      return "data source '\(text)' has no \(part.adjective) images: it has "
        + parts.map { "\($0.adjective) images (\($0.rawValue))" }.joined(separator: ", ")
    case .badImage(let name, let reason):
      return "\(name) cannot be used: \(reason)"
    case .badRun(let first, let count, let last, let reason):
      return "none of the \(count) images from \(first) on can be used; of the last, \(last): \(reason)"
    case .badTree(let sentence):
      return sentence
    case .missingClasses(let folder, let missing, let count, let tree):
      let names = missing.prefix(10).joined(separator: ", ") + (missing.count > 10 ? ", …" : "")
      return
        "\(folder) lacks \(missing.count) of the \(count) classes of the list (\(names)): name a tree that has "
        + "them, another list with --classes FILE (data.classes in a configuration)"
        + (tree == "folder" ? "" : ", or folder:DIR for all class folders")
    case .noImages(let folder):
      return "\(folder) holds no images: files must end in .jpg, .jpeg or .png"
    case .noListedImages(let path):
      return "\(path) names no images: write the path of an image in every line"
    case .badLine(let path, let line, let problem):
      return "\(path):\(line): \(problem)"
    case .noClassList(let text):
      return
        "data source '\(text)' has classes of its own: a list of classes is for "
        + DataKind.all.filter(\.takesClassList).flatMap(\.forms).joined(separator: " and ")
    case .faults(let faults, let total, let source):
      return Self.list(faults, total: total, source: source)
    }
  }

  /// The most faults that a message lists.
  static let listedFaults = 20

  /// A sentence, then a line for each fault.
  private static func list(_ faults: [DataFault], total: Int, source: String) -> String {
    let rest = faults.count - listedFaults
    let verify = "`sluice data verify \(source)` finds everything"
    return
      ([
        "\(source): \(grouped(faults.count)) \(faults.count == 1 ? "fault" : "faults") in \(grouped(total)) files:"
      ]
      + faults.prefix(listedFaults).map { "  \($0.name): \($0.reason)" }
      + ["  " + (rest > 0 ? "… and \(grouped(rest)) more; \(verify)" : verify)]).joined(separator: "\n")
  }
}
