import Foundations

extension TreeScan {
  /// - Parameter parts: The folders of the tree.
  mutating func readTestPart(_ parts: Subfolders) throws(DatasetError) {
    // ImageNet's own `test` has no classes that anybody knows.
    let known: [ByteName] = form == .imageNet100 ? ["val"] : ["val", "test"]
    guard let part = known.first(where: { parts.names.contains($0) || parts.broken[$0] != nil }) else {
      listing.facts.warnings.append("\(folder) has no folder val: there are no test images")
      return
    }
    try requireReachable(part, parts)
    let name = part.text
    let classNames = listing.facts.classNames.map { ByteName($0) }
    let contents = try contents(name)
    noteHidden(contents, in: name)
    let folders = subfolders(of: contents, at: name)
    listing.facts.testName = name
    var files = FileList()
    if folders.names.isDisjoint(with: classNames), let flat = try flatFolder(name, contents, folders) {
      try appendFlat(flat.path, flat.contents, of: name, to: &files)
    } else {
      try requireKnown(folders, among: classNames, of: name)
      noteBroken(folders, of: name, among: classNames)
      for className in classNames { try appendClass(className, folders, of: name, to: &files) }
      endPart()
    }
    if files.count == 0 {
      listing.facts.warnings.append(
        "\(folder)/\(name) holds no images of these classes: there is nothing to test on")
      listing.facts.testName = nil
      return
    }
    let counts = files.classCounts
    // Folders without images, and links to none, are faults.
    let without = classNames.enumerated().filter { label, className in
      counts[label] == 0 && !folders.names.contains(className) && folders.broken[className] == nil
    }
    if let first = without.first {
      listing.facts.warnings.append(
        "\(folder)/\(name) has no images of "
          + (without.count == 1
            ? "the class" : "\(without.count) of the \(classNames.count) classes, the first is")
          + " \(first.element.text)")
    }
    listing.test = files
  }

  /// - Throws: `DatasetError.badTree` for class folders that have no counterpart in `train`.
  private func requireKnown(
    _ folders: Subfolders, among names: [ByteName], of part: String
  ) throws(DatasetError) {
    let unknown = folders.names.subtracting(names).sorted()
    for name in unknown {
      guard let known = names.first(where: name.looksLike) else { continue }
      throw .badTree(
        "\(folder)/\(part) has the class folder '\(name.spelling)', which looks like the class '\(known.spelling)' and "
          + "has other bytes: rename one of them")
    }
    guard classes == nil, let first = unknown.first else { return }
    throw .badTree(
      "\(folder)/\(part) has \(unknown.count == 1 ? "a class" : "\(unknown.count) classes") that "
        + "\(folder)/train does not have\(unknown.count == 1 ? "" : ", the first is"): \(first.text)")
  }

  // MARK: Images beside each other

  /// Where images lie beside each other: `val`, or `val/images` as in Tiny ImageNet.
  private mutating func flatFolder(
    _ name: String, _ contents: FolderContents, _ folders: Subfolders
  ) throws(DatasetError) -> (path: String, contents: FolderContents)? {
    if contents.entries.contains(where: isImage) { return (name, contents) }
    guard folders.names.contains("images") else { return nil }
    let path = "\(name)/images"
    let inner = try self.contents(path)
    guard inner.entries.contains(where: isImage) else { return nil }
    noteHidden(inner, in: path)
    return (path, inner)
  }

  private mutating func appendFlat(
    _ path: String, _ contents: FolderContents, of part: String, to files: inout FileList
  ) throws(DatasetError) {
    let truth = try groundTruth(for: path, of: part)
    let images = contents.entries.filter(isImage).map(\.name).sorted()
    listing.facts.ignoredFiles += contents.entries.count { $0.kind != .folder && !isImage($0) }
    listing.facts.faults += truth.faults
    let answer = try truth.answer(for: images)
    var paths: [ByteName: [[UInt8]]] = [:]
    for (image, statement) in zip(images, answer.statements) {
      guard let statement else { continue }
      paths[statement.className, default: []].append(Array("\(path)/".utf8) + image.bytes)
    }
    let names = listing.facts.classNames.map { ByteName($0) }
    for name in names { files.appendClass(paths[name] ?? []) }
    try noteOtherClasses(answer.statements.compactMap(\.self), truth, among: Set(names))
    noteMissing(answer.missing.filter { names.contains($0.className) }.map(\.image), truth, path)
  }

  /// Says which images are left out because no class folder is theirs. Where a list chooses classes, that is wanted.
  private mutating func noteOtherClasses(
    _ statements: [ListedImages.Statement], _ truth: GroundTruth, among names: Set<ByteName>
  ) throws(DatasetError) {
    let others = statements.filter { !names.contains($0.className) }
    let classNames = Set(others.map(\.className)).sorted()
    for name in classNames {
      guard let known = names.filter(name.looksLike).min() else { continue }
      throw truth.bad(
        others.first { $0.className == name }!.line,
        "the class '\(name.spelling)' looks like the class '\(known.spelling)' and has other bytes: rename the folder, "
          + "or correct the list")
    }
    guard classes == nil, let first = classNames.first else { return }
    listing.facts.warnings.append(
      "\(folder)/\(truth.path): \(counted(others.count, "image")) "
        + (classNames.count == 1
          ? "of the class \(first.text), which \(folder)/train does not have, left out"
          : "of \(classNames.count) classes that \(folder)/train does not have, the first is \(first.text), left out")
    )
  }

  private mutating func noteMissing(_ images: [String], _ truth: GroundTruth, _ path: String) {
    guard !images.isEmpty else { return }
    listing.facts.warnings.append(
      "\(folder)/\(truth.path) has \(counted(images.count, "image")) that \(folder)/\(path) does not have: "
        + images.prefix(3).joined(separator: ", ") + (images.count > 3 ? ", …" : ""))
  }

  private mutating func groundTruth(for path: String, of part: String) throws(DatasetError) -> GroundTruth {
    func find(_ name: String) -> String? {
      [name, "\(part)/\(name)"].first { FilePath(folder: folder, $0.utf8).status != nil }
    }
    guard let found = GroundTruth.fileNames.compactMap(find).first else {
      throw .badTree(
        "\(folder)/\(path) holds images without class folders, and neither \(folder) nor \(folder)/\(part) has a "
          + "file that names their classes: one of \(GroundTruth.fileNames.joined(separator: ", "))")
    }
    let classNumbers = find(GroundTruth.classNumbers)
    for list in [found] + (classNumbers.map { [$0] } ?? []) {
      if let status = FilePath(folder: folder, list.utf8).status { watch(ByteName(list), status) }
    }
    return try GroundTruth(found, in: folder, classNumbers: classNumbers)
  }
}
