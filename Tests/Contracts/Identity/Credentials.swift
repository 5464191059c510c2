import Encodings
import Identity
import Primitives

/// AnonCreds objects of the right form; their numbers are no keys, which is not for the ledger to say.
enum SampleCredentials {
    static func canonical(_ text: String) -> [UInt8] { (try? JSON(parsing: Array(text.utf8)))?.canonical() ?? [] }

    static func schema(_ issuer: String, name: String = "Member", attributes: [String] = ["community", "Since"])
        -> [UInt8]
    {
        let list = attributes.map { "\"\($0)\"" }.joined(separator: ",")
        return canonical(
            "{\"issuerId\":\"\(issuer)\",\"name\":\"\(name)\",\"version\":\"1.0\",\"attrNames\":[\(list)]}")
    }

    static let revocation =
        ["g", "g_dash", "h", "h0", "h1", "h2", "h_cap", "htilde", "pk", "u", "y"]
        .map { "\"\($0)\":\"1 0A 2 FF\"" }.joined(separator: ",")

    static func definition(
        _ issuer: String, schema: String, tag: String = "main", bases: String? = nil, revocable: Bool = true
    ) -> [UInt8] {
        let r = bases ?? "\"community\":\"7\",\"since\":\"8\",\"master_secret\":\"9\""
        let second = revocable ? ",\"revocation\":{\(revocation)}" : ""
        return canonical(
            """
            {"issuerId":"\(issuer)","schemaId":"\(schema)","type":"CL","tag":"\(tag)",
             "value":{"primary":{"n":"1","s":"2","z":"3","rctxt":"4","r":{\(r)}}\(second)}}
            """)
    }

    static func registry(
        _ issuer: String, definition: String, capacity: Int = 20, tails: String = "https://tails.example/x"
    ) -> [UInt8] {
        canonical(
            """
            {"issuerId":"\(issuer)","revocDefType":"CL_ACCUM","credDefId":"\(definition)","tag":"r1","value":{
             "publicKeys":{"accumKey":{"z":"1 0B 1 0C"}},"maxCredNum":\(capacity),"tailsLocation":"\(tails)",
             "tailsHash":"HLKresYcDSZYSKogq8wePpyYmpWyB1UKZC7oFzDbX9iA"}}
            """)
    }
}
