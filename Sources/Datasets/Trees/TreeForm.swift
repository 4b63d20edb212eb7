extension DataKind {
  static let imageNet100 = tree(.imageNet100)
  static let folder = tree(.folder)

  private static func tree(_ form: TreeForm) -> DataKind {
    inFolder(form.name, takesClassList: true) { folder, opener in
      try TreeSource(form: form, folder: folder, options: opener.options)
        .open(on: opener.communicator, inform: opener.inform)
    }
  }
}

/// How a person names a tree of class folders.
enum TreeForm: String, Sendable, Codable {
  /// Every folder is a class.
  case folder
  /// ImageNet's tree, or a part of it: the folders of a list are classes.
  case imageNet100 = "imagenet100"

  var name: String { rawValue }

  /// What is taken where nobody gives another list.
  var classes: ClassList? { self == .imageNet100 ? .imageNet100 : nil }
}
