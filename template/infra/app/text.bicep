// Extracts text, tables and key-value pairs from documents.

import { hosting } from '../core/host/container-app.bicep'
import { identity as workloadIdentity } from '../core/security/types.bicep'

@description('Name of the container app.')
param name string

@description('What all container apps of the region share.')
param host hosting

@description('Identity of the service.')
param identity workloadIdentity

@description('Whether the app exists.')
param exists bool

@description('Address of the Document Intelligence account.')
param documentIntelligenceEndpoint string

module app '../core/host/container-app.bicep' = {
  params: {
    name: name
    serviceName: 'text-service'
    host: host
    identity: identity
    exists: exists
    external: false
    environmentVariables: {
      ALLOWED_CALLERS: host.gatewayPrincipalId
      AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT: documentIntelligenceEndpoint
    }
  }
}

@description('Name of the container app.')
output name string = app.outputs.name

@description('Address of the service within the environment.')
output uri string = app.outputs.uri
