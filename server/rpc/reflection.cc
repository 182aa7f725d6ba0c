// gRPC server reflection, v1 and v1alpha, over the schema that is linked into the program.
#include "server/rpc/reflection.h"

#include <set>

#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

namespace baton::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

using Request = grpc::reflection::v1::ServerReflectionRequest;
using Response = grpc::reflection::v1::ServerReflectionResponse;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

void NotFound(Response& response, const std::string& what) {
  response.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
  response.mutable_error_response()->set_error_message("not in the schema of this server: " + what);
}

// Each file once, together with all that it imports, so that one answer is enough for a client.
void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>& seen,
             Response& response) {
  if (!seen.insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  *response.mutable_file_descriptor_response()->add_file_descriptor_proto() =
      proto.SerializeAsString();
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, response);
}

void AnswerFile(const FileDescriptor* file, const std::string& what, Response& response) {
  if (file == nullptr) return NotFound(response, what);
  std::set<const FileDescriptor*> seen;
  AddFile(*file, seen, response);
}

void AnswerExtension(const std::string& type, int number, Response& response) {
  const Descriptor* message = Pool().FindMessageTypeByName(type);
  const FieldDescriptor* extension =
      message != nullptr ? Pool().FindExtensionByNumber(message, number) : nullptr;
  AnswerFile(extension != nullptr ? extension->file() : nullptr,
             "extension " + std::to_string(number) + " of " + type, response);
}

void AnswerExtensionNumbers(const std::string& type, Response& response) {
  const Descriptor* message = Pool().FindMessageTypeByName(type);
  if (message == nullptr) return NotFound(response, type);
  std::vector<const FieldDescriptor*> extensions;
  Pool().FindAllExtensions(message, &extensions);
  auto* numbers = response.mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  for (const FieldDescriptor* extension : extensions) {
    numbers->add_extension_number(extension->number());
  }
}

void Answer(const Request& request, const std::vector<std::string>& services, Response& response) {
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      return AnswerFile(Pool().FindFileByName(request.file_by_filename()),
                        request.file_by_filename(), response);
    case Request::kFileContainingSymbol:
      return AnswerFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()),
                        request.file_containing_symbol(), response);
    case Request::kFileContainingExtension:
      return AnswerExtension(request.file_containing_extension().containing_type(),
                             request.file_containing_extension().extension_number(), response);
    case Request::kAllExtensionNumbersOfType:
      return AnswerExtensionNumbers(request.all_extension_numbers_of_type(), response);
    case Request::kListServices:
      for (const std::string& service : services) {
        response.mutable_list_services_response()->add_service()->set_name(service);
      }
      return;
    case Request::MESSAGE_REQUEST_NOT_SET: break;
  }
  response.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
  response.mutable_error_response()->set_error_message(
      "message_request: expected one of its fields to be set");
}

}  // namespace

PlainMethods ReflectionMethods(const std::vector<std::string>& services) {
  // What is not named is not linked in, and could not be described.
  static_cast<void>(grpc::reflection::v1alpha::ServerReflectionRequest::descriptor());
  const PlainMethod method = MakeMethod<Request, Response>(
      PlainMethod::Shape::kStream, [services](const Request& request, Response& response) {
        Answer(request, services, response);
        return grpc::Status();
      });
  return {{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", method},
          {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", method}};
}

}  // namespace baton::rpc
