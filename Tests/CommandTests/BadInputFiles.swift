import Foundation
import TestSupport

/// A folder of things that a person may hand to the program by mistake, and of what must survive that.
struct BadInputFiles {
  let folder: URL
  /// A run that has taken two steps.
  let finished: SmallRun

  /// - Parameter folder: Empty.
  init(in folder: URL) throws {
    self.folder = folder
    finished = try SmallRun(in: folder)
    let output = try Program.run(finished.command("max_steps=2", "checkpoint.every=1"))
    guard output.status == 0 else { throw Failed(output: output) }

    try write("epochz.yaml", Data("data: {source: shapes}\nepochz: 3\n".utf8))
    try write("colon.yaml", Data("data: {source: shapes}\nepochs: [3}\n".utf8))
    try write("sourceless.yaml", Data("epochs: 3\n".utf8))
    try cifar10("cut", train: Self.records(2).dropLast(1000))
    try cifar10("label", train: Self.records(2) + Self.records(1, label: 10))
    try cifar10("few", train: Self.records(32))
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("folders/data_batch_1.bin"), withIntermediateDirectories: true)

    let tree = MadeTree(in: folder.appendingPathComponent("tree"))
    try tree.addImages(2, to: "train/cat")
    try write("twice.txt", Data("# animals\ncat\n\ncat\n".utf8))
    try write("cat.txt", Data("cat\n".utf8))

    // A finished run whose every checkpoint has lost its model.
    try FileManager.default.copyItem(at: finished.run, to: folder.appendingPathComponent("damaged"))
    for step in 1...2 {
      try FileManager.default.removeItem(
        at: folder.appendingPathComponent("damaged/checkpoints/step-0000000\(step)/model.safetensors"))
    }
  }

  struct Failed: Error { let output: Program.Output }

  /// CIFAR-10's records: a label and 32×32 pixels of three colours.
  private static func records(_ count: Int, label: UInt8? = nil) -> Data {
    var bytes = Data()
    for record in 0..<count {
      bytes.append(label ?? UInt8(record % 10))
      for pixel in 0..<3072 { bytes.append(UInt8(truncatingIfNeeded: record * 7 + pixel * 13)) }
    }
    return bytes
  }

  private func cifar10(_ name: String, train: Data) throws {
    try write("\(name)/data_batch_1.bin", train)
    try write("\(name)/test_batch.bin", Self.records(8))
  }

  private func write(_ name: String, _ data: Data) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
  }
}
