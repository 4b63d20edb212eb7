import Datasets
import Foundations

extension ValueForm where Value == ConfigurationFile.ValueOrFile<ClassList?> {
  static let classes = Self.listOrFile(
    "auto or a file with the name of one class folder per line", or: "auto", read: { ClassList($0) },
    items: { $0.names.map(ValueForm<String>.text("").print) },
    show: { "list \($0.digest.prefix(8)) of \($0.names.count) classes" })
}
