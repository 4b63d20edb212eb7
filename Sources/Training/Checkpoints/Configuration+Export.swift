import Configurations
import Tensors

extension Configuration {
  /// The network that an exported file says it holds (`ExportedNetwork.metadata`); everything else has its default.
  ///
  /// - Throws: `NotAnExport`.
  init(ofExport file: SafetensorsFile) throws(NotAnExport) {
    let about = file.metadata
    // What files of earlier versions may lack has a default.
    guard let gates = about["gates"], about["depth"] != nil, about["width"] != nil, about["input_size"] != nil
    else { throw NotAnExport(path: file.path) }
    let keys = ["family", "depth", "width", "stem", "stem_padding", "input_size", "inner_channels"]
    let settings = keys.compactMap { key in about[key].map { "network.\(key)=\($0)" } }
    do {
      self = try ConfigurationFile(
        yaml: "data: {source: shapes}", path: file.path,
        settings: settings + ["gates.enabled=\(gates != "0")"]
      ).resolved(imageSize: 0)
    } catch {
      throw NotAnExport(path: file.path)
    }
  }
}

/// A file that does not say which network it holds.
public struct NotAnExport: Error, CustomStringConvertible {
  let path: String

  public var description: String {
    "\(path) does not say which network it holds, as files of 'sluice export' do: begin a run with it (pretrain --init)"
  }
}
